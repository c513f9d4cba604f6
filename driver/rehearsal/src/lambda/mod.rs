//! Lambda's API, as far as functions are looked up and invoked. The processes behind it are the machine's.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::effect::{Effect, InvocationOutcome};
use crate::names::{ACCOUNT, Names, REGION, function_arn};
use crate::refusal::Refusal;
use crate::scenario::Function;
use crate::world::World;

/// What there is.
pub(crate) const OPERATIONS: [&str; 4] = ["DeleteFunction", "GetFunction", "GetFunctionConfiguration", "Invoke"];

/// The answer to a call.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A document.
    Document(Value),
    /// 202: accepted, will run.
    Accepted,
    /// 204: would run.
    Dry,
    /// 204: is gone.
    Deleted,
    /// The answer comes when this invocation has ended.
    Later {
        /// The invocation.
        invocation: String,
    },
}

/// What a request says besides its path.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a Method,
    /// After `/2015-03-31/functions/`.
    pub(crate) path: &'a str,
    /// `X-Amz-Invocation-Type`.
    pub(crate) invocation_type: Option<&'a str>,
    pub(crate) body: Bytes,
}

/// Answer one call.
pub(crate) fn answer(world: &mut World, call: Call<'_>, now: Timestamp) -> Result<Answer, Refusal> {
    let path = call.path.replace("%3A", ":").replace("%3a", ":");
    let (reference, operation) = path.split_once('/').unwrap_or((&path, ""));
    let name = function_name(reference).to_owned();
    let known = |world: &World| world.functions.get(&name).cloned().ok_or_else(|| absent(&name));
    match (call.method, operation) {
        (&Method::GET, "") => {
            let function = known(world)?;
            let configuration = configuration(world, &name, &function);
            Ok(Answer::Document(json!({"Configuration": configuration, "Code": {"RepositoryType": "S3"}})))
        }
        (&Method::GET, "configuration") => {
            let function = known(world)?;
            Ok(Answer::Document(configuration(world, &name, &function)))
        }
        (&Method::DELETE, "") => {
            known(world)?;
            world.functions.remove(&name);
            world.note(now, "lambda", "function deleted", name);
            Ok(Answer::Deleted)
        }
        (&Method::POST, "invocations") => {
            known(world)?;
            invoke(world, &name, &call, now)
        }
        (method, _) => {
            let operation = format!("{method} {path}");
            Err(Refusal::not_implemented("UnknownOperationException", "Lambda", &operation, &OPERATIONS))
        }
    }
}

fn invoke(world: &mut World, name: &str, call: &Call<'_>, now: Timestamp) -> Result<Answer, Refusal> {
    let payload = if call.body.is_empty() { Bytes::from_static(b"{}") } else { call.body.clone() };
    if let Err(error) = serde_json::from_slice::<Value>(&payload) {
        let message = format!("Could not parse request body into json: {error}");
        return Err(Refusal::new("InvalidRequestContentException", message));
    }
    let asynchronous = match call.invocation_type.unwrap_or("RequestResponse") {
        "Event" => true,
        "RequestResponse" => false,
        "DryRun" => return Ok(Answer::Dry),
        other => {
            let message = format!("{other:?} is no invocation type");
            return Err(Refusal::new("InvalidParameterValueException", message));
        }
    };
    let invocation = world.identifiers.uuid("invocation");
    world.note(now, "lambda", "function invoked", format!("{name} by a client"));
    let function = name.to_owned();
    world.effects.push(Effect::Invoke { invocation: invocation.clone(), function, payload, asynchronous });
    Ok(if asynchronous { Answer::Accepted } else { Answer::Later { invocation } })
}

fn configuration(world: &World, name: &str, function: &Function) -> Value {
    json!({
        "FunctionName": name,
        "FunctionArn": function_arn(name),
        "Runtime": "provided.al2023",
        "Role": Names::role_arn(name),
        "Handler": "bootstrap",
        "CodeSize": 0,
        "Description": "",
        "Timeout": function.timeout.as_secs().max(1),
        "MemorySize": function.memory,
        "LastModified": world.ecs.service.created_at.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string(),
        "Version": "$LATEST",
        "Environment": {"Variables": environment(function)},
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "State": "Active",
        "LastUpdateStatus": "Successful",
    })
}

/// The plan is a file in the function's package, which its environment names.
fn environment(function: &Function) -> BTreeMap<String, String> {
    let mut environment = function.environment.clone();
    if let Some(name) = function.plan.as_ref().and_then(|plan| plan.file_name()) {
        environment.entry("GREENLIGHT_PLAN".to_owned()).or_insert_with(|| name.to_string_lossy().into_owned());
    }
    environment
}

/// Body and `X-Amz-Function-Error` of a synchronous invocation that has ended.
pub(crate) fn ended(outcome: InvocationOutcome, invocation: &str) -> (Bytes, bool) {
    let error = |kind: &str, message: String| {
        (Bytes::from(json!({"errorType": kind, "errorMessage": message}).to_string()), true)
    };
    match outcome {
        InvocationOutcome::Returned(body) => (body, false),
        InvocationOutcome::Failed(body) => (body, true),
        InvocationOutcome::TimedOut => {
            error("Sandbox.Timedout", format!("RequestId: {invocation} Error: Task timed out"))
        }
        InvocationOutcome::Crashed(how) => {
            error("Runtime.ExitError", format!("RequestId: {invocation} Error: Runtime exited with error: {how}"))
        }
    }
}

fn absent(name: &str) -> Refusal {
    let message = format!("Function not found: arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}");
    Refusal { code: "ResourceNotFoundException", message, status: 404 }
}

/// The name in a function's reference: a name, a partial or a full ARN, each with or without a qualifier.
pub(crate) fn function_name(reference: &str) -> &str {
    let name = reference.rsplit_once(":function:").map_or(reference, |(_, name)| name);
    match reference.split_once(":function:") {
        Some(_) => name.split(':').next().unwrap_or(name),
        // `account:name` has a colon before the name, `name:qualifier` one behind it.
        None => match name.split_once(':') {
            Some((head, tail)) if head.chars().all(|digit| digit.is_ascii_digit()) => {
                tail.strip_prefix("function:").unwrap_or(tail)
            }
            Some((head, _)) => head,
            None => name,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_3_a_function_is_named_by_name_or_arn() {
        for reference in [
            "CodeDeployHook_x",
            "CodeDeployHook_x:live",
            "arn:aws:lambda:us-east-1:123456789012:function:CodeDeployHook_x",
            "arn:aws:lambda:us-east-1:123456789012:function:CodeDeployHook_x:7",
            "123456789012:function:CodeDeployHook_x",
        ] {
            assert_eq!(function_name(reference), "CodeDeployHook_x", "{reference}");
        }
    }
}
