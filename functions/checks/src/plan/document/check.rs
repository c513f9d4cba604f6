//! One entry of `checks`, as a document: a variant a kind, and the fields that all kinds have.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::approval::ApprovalCheck;
use super::cloudwatch::{Alarm, Metric, Numbers};
use super::compare::Compare;
use super::expect::{HttpExpect, TlsExpect};
use super::load::{Limits, Load};
use super::request::HttpRequest;
use super::scalars::{Duration, Whole};
use super::websocket::{Websocket, WebsocketExpect};

/// A kind of check: its own fields, and those of every check.
macro_rules! check {
    ($(#[$meta:meta])+ $name:ident { $($(#[$field_meta:meta])+ $field:ident: $kind:ty,)+ }) => {
        $(#[$meta])+
        #[derive(JsonSchema)]
        #[schemars(deny_unknown_fields)]
        #[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
        pub(super) struct $name {
            $($(#[$field_meta])+ $field: $kind,)+
            /// Its name in messages, `hooks` and `after`: at most 64 letters, digits, -, _ and dots.
            #[schemars(extend("pattern" = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$|\$\{"))]
            id: String,
            /// Whether it may decide: `warn` is recorded and never does.
            #[schemars(extend("default" = "block"))]
            severity: Option<Severity>,
            /// What too little evidence means.
            #[schemars(extend("default" = "fail"))]
            on_inconclusive: Option<OnInconclusive>,
            /// Ids of checks that must pass first; otherwise this one is skipped, which counts as not passed. Default:
            /// none.
            after: Option<Vec<String>>,
        }
    };
}

check!(
    /// One request, and what is expected of its answer.
    HttpCheck {
        /// The request.
        http: HttpRequest,
        /// What is expected of its answer.
        expect: HttpExpect,
        /// One attempt, from connect to the last byte; to connect takes 2s of it at most.
        #[schemars(extend("default" = "5s"))]
        timeout: Option<Duration>,
        /// Further attempts. Default: one attempt.
        retry: Option<Retry>,
        /// Confirms a method that may change something. The request then has an `Idempotency-Key` made of execution and
        /// check id.
        side_effects: Option<SideEffects>,
    }
);

check!(
    /// Requests at a steady rate, and what is expected of all answers together.
    LoadCheck {
        /// The requests.
        load: Load,
        /// Limits that all answers together must keep.
        expect: Limits,
        /// One request, from connect to the last byte; to connect takes 2s of it at most.
        #[schemars(extend("default" = "5s"))]
        timeout: Option<Duration>,
        /// Confirms a method that may change something. The request then has an `Idempotency-Key` made of execution and
        /// check id.
        side_effects: Option<SideEffects>,
    }
);

check!(
    /// A TLS handshake, and what is expected of the certificate besides that it is valid, trusted and for the host.
    TlsCheck {
        /// A handshake with the endpoint; it has no fields.
        tls: Nothing,
        /// What is expected of the certificate.
        expect: TlsExpect,
        /// The handshake.
        #[schemars(extend("default" = "5s"))]
        timeout: Option<Duration>,
        /// Further attempts. Default: one attempt.
        retry: Option<Retry>,
    }
);

check!(
    /// A WebSocket conversation: connect, send, and expect a message.
    WebsocketCheck {
        /// The conversation.
        websocket: Websocket,
        /// The message that is expected in it.
        expect: WebsocketExpect,
        /// One attempt, from connect to the message.
        #[schemars(extend("default" = "5s"))]
        timeout: Option<Duration>,
        /// Further attempts. Default: one attempt.
        retry: Option<Retry>,
    }
);

check!(
    /// The standard gRPC health protocol: SERVING passes.
    GrpcHealthCheck {
        /// Which service.
        grpc_health: GrpcHealth,
        /// One attempt, from connect to the answer.
        #[schemars(extend("default" = "5s"))]
        timeout: Option<Duration>,
        /// Further attempts. Default: one attempt.
        retry: Option<Retry>,
    }
);

check!(
    /// CloudWatch alarms: OK passes, ALARM fails, INSUFFICIENT_DATA is inconclusive.
    AlarmCheck {
        /// The alarms.
        alarm: Alarm,
    }
);

check!(
    /// The values of a CloudWatch metric; missing data is inconclusive.
    MetricCheck {
        /// The metric.
        metric: Metric,
        /// What every period's value must satisfy.
        expect: Numbers,
    }
);

check!(
    /// Requests to both versions side by side, and how much their answers may differ. What blue answers is expected.
    CompareCheck {
        /// The requests, and what is compared.
        compare: Compare,
        /// One request, from connect to the last byte; to connect takes 2s of it at most.
        #[schemars(extend("default" = "5s"))]
        timeout: Option<Duration>,
        /// Confirms a method that may change something, on both versions.
        side_effects: Option<SideEffects>,
    }
);

/// A check: one kind, and what is expected.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, clippy::large_enum_variant, reason = "the schema is made of the variants; none is ever built")]
pub(super) enum Check {
    Http(HttpCheck),
    Load(LoadCheck),
    Tls(TlsCheck),
    GrpcHealth(GrpcHealthCheck),
    Websocket(WebsocketCheck),
    Compare(CompareCheck),
    Alarm(AlarmCheck),
    Metric(MetricCheck),
    Approval(ApprovalCheck),
}

/// Which service is asked about.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
pub(super) struct GrpcHealth {
    /// The service with its package: shop.Cart. Default: the server as a whole.
    #[schemars(extend("minLength" = 1))]
    service: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "the schema is made of the variants")]
enum Severity {
    /// It decides.
    Block,
    /// It is recorded and never decides.
    Warn,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "the schema is made of the variants")]
enum OnInconclusive {
    /// Not passed.
    Fail,
    /// Recorded, and excused.
    Warn,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "the schema is made of the variants")]
enum SideEffects {
    /// It is meant.
    Accepted,
}

/// Attempts until the check passes or the time is over.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the fields; nothing is read into them")]
struct Retry {
    /// How long, counted from the first attempt.
    until: Duration,
    /// From the end of one attempt to the next.
    #[schemars(extend("default" = "1s"))]
    every: Option<Duration>,
    /// How many consecutive attempts must pass.
    #[schemars(extend("default" = 1))]
    pass_after: Option<Whole<1, 1_000>>,
}

/// A mapping without fields: `{}`.
struct Nothing;

impl JsonSchema for Nothing {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Nothing".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "properties": {}, "additionalProperties": false })
    }
}
