//! Did the checks test the replacement? Each way in which they did not is Failed, with words of its own.
//!
//! The real binary runs as a child process behind a Runtime API; AWS answers over HTTP.

#[path = "support/hook/mod.rs"]
mod bench;

use bench::aws::{NEW, OLD};
use bench::{Bench, Function, PLAN};

const REPLACEMENT: &str = "replacement task set ecs-svc/9223370493423413672";

/// What to do about another image.
const OTHER_IMAGE: &str = "; a tag has moved or the task definition is another one: deploy the image that was tested, or \
                           correct attest.image in the plan";

fn arn(task: &str) -> String {
    format!("arn:aws:ecs:eu-west-1:111122223333:task/main/{task}")
}

/// A bench whose plan attests more than it must.
async fn attesting(function: Function, section: &str) -> Bench {
    let bench = Bench::of(function).await;
    bench.plan(&PLAN.replace("hooks:", &format!("attest: {section}\nhooks:")));
    bench
}

fn with_image(digest: &str) -> String {
    format!("{{ image: {{ container: web, digest: \"{digest}\" }} }}")
}

const WITH_IDENTITY: &str = "{ identity: { header: X-Task-Arn } }";

/// The reason of a hook that fails with this code, whatever its checks would have said.
async fn refused(mut bench: Bench, code: &str) -> String {
    assert_eq!(bench.invoke().await.response()["status"], "Failed");
    bench.story().await.failed_with(code)
}

#[tokio::test]
async fn wired_to_the_wrong_event() {
    let bench = Bench::of(Function::AfterAllowTestTraffic).await;
    bench.aws.state().event = "AfterAllowTraffic";
    assert_eq!(
        refused(bench, "GL1104").await,
        "hook: this function serves AfterAllowTestTraffic, but the deployment is at AfterAllowTraffic: it is wired to the \
         wrong hook in the AppSpec"
    );
}

#[tokio::test]
async fn wired_to_the_wrong_listener() {
    let bench = Bench::of(Function::AfterAllowTestTraffic).await;
    bench.test_through_production();
    let port = bench.aws.state().production_port;
    assert_eq!(
        refused(bench, "GL1101").await,
        format!(
            "routing: the production listener (port {port}) sends 100% to target group shop-a, which belongs to the ORIGINAL \
             task set; expected shop-b; the checks go through the production listener, so that they would test the old \
             version: set endpoints.green.via: test_listener"
        )
    );
}

#[tokio::test]
async fn a_listener_still_on_blue() {
    let bench = Bench::of(Function::AfterAllowTestTraffic).await;
    bench.aws.state().test = [1, 0];
    let port = bench.aws.state().test_port;
    assert_eq!(
        refused(bench, "GL1101").await,
        format!(
            "routing: the test listener (port {port}) sends 100% to target group shop-a, which belongs to the ORIGINAL task \
             set; expected shop-b"
        )
    );
}

#[tokio::test]
async fn a_rule_that_still_forwards_to_blue() {
    let bench = Bench::of(Function::AfterAllowTestTraffic).await;
    bench.aws.state().test_rule = Some([50, 50]);
    let port = bench.aws.state().test_port;
    assert_eq!(
        refused(bench, "GL1101").await,
        format!(
            "routing: rule 5c5c5c5c5c5c5c5c of the test listener (port {port}) sends 50% to target group shop-a, which \
             belongs to the ORIGINAL task set; expected shop-b"
        )
    );
}

#[tokio::test]
async fn a_listener_that_moves_during_the_checks() {
    let bench = Bench::of(Function::AfterAllowTestTraffic).await;
    let aws = bench.aws.clone();
    let port = aws.state().test_port;
    bench.green.on_request(move || aws.state().test = [1, 0]);
    assert_eq!(
        refused(bench, "GL1105").await,
        format!(
            "routing: changed while the checks ran, so what answered them is not known: the test listener (port {port}) \
             sends 100% to target group shop-a, which belongs to the ORIGINAL task set; expected shop-b; another pipeline or a \
             person has changed it (CloudTrail says who: ModifyListener, ModifyRule), so deploy again when nobody else does"
        )
    );
}

#[tokio::test]
async fn a_login_before_the_forward() {
    let bench = Bench::of(Function::AfterAllowTestTraffic).await;
    bench.aws.state().gate = Some("authenticate-oidc");
    let reason = refused(bench, "GL1102").await;
    assert!(reason.contains("asks for authenticate-oidc before it forwards"), "{reason}");
}

#[tokio::test]
async fn an_image_digest_that_differs() {
    let bench = attesting(Function::AfterAllowTestTraffic, &with_image(OLD)).await;
    assert_eq!(
        refused(bench, "GL1106").await,
        format!(
            "image: container web is not {OLD} in 2 of 2 running tasks of the {REPLACEMENT}: {} runs {NEW} (shop:2); {} runs \
             {NEW} (shop:2){OTHER_IMAGE}",
            arn("g1"),
            arn("g2")
        )
    );
}

#[tokio::test]
async fn one_task_of_two_on_the_old_image() {
    let bench = attesting(Function::AfterAllowTestTraffic, &with_image(NEW)).await;
    bench.aws.state().tasks[3].digest = Some(OLD);
    assert_eq!(
        refused(bench, "GL1106").await,
        format!(
            "image: container web is not {NEW} in 1 of 2 running tasks of the {REPLACEMENT}: {} runs {OLD} (shop:2)\
             {OTHER_IMAGE}",
            arn("g2")
        )
    );
}

#[tokio::test]
async fn a_digest_that_ecs_does_not_report_is_not_proven() {
    let bench = attesting(Function::AfterAllowTestTraffic, &with_image(NEW)).await;
    bench.aws.state().tasks[2].digest = None;
    assert_eq!(
        refused(bench, "GL1107").await,
        format!(
            "image: ECS reports no image digest of container web in 1 of 2 running tasks of the {REPLACEMENT}, so that {NEW} \
             is not proven: {} (shop:2)",
            arn("g1")
        )
    );
}

#[tokio::test]
async fn an_image_before_there_is_a_replacement() {
    let bench = Bench::of(Function::BeforeInstall).await;
    let attest = with_image(NEW);
    let sections = format!("endpoints: {{ green: {{ via: production_listener }} }}\nattest: {attest}\nhooks:");
    bench.plan(&PLAN.replace("hooks:", &sections));
    assert_eq!(
        refused(bench, "GL1107").await,
        "image: attest.image is not attestable at BeforeInstall: there is no replacement task set before Install; leave it \
         out of a plan of BeforeInstall's own, and attest the image at AfterInstall or later"
    );
}

#[tokio::test]
async fn an_identity_header_of_a_blue_task() {
    let bench = attesting(Function::AfterAllowTestTraffic, WITH_IDENTITY).await;
    bench.green.says(&arn("b1"));
    assert_eq!(
        refused(bench, "GL1108").await,
        format!(
            "identity: health was answered by \"{}\", which is no task of the {REPLACEMENT} ({}, {}); GET /healthz via test \
             listener, 200",
            arn("b1"),
            arn("g1"),
            arn("g2")
        )
    );
}

#[tokio::test]
async fn answers_without_the_identity_header() {
    let bench = attesting(Function::AfterAllowTestTraffic, WITH_IDENTITY).await;
    assert_eq!(
        refused(bench, "GL1109").await,
        "identity: no answer of 2 has the header x-task-arn, so nothing says which task answered; let the service send its \
         task's ARN in it (TaskARN of ${ECS_CONTAINER_METADATA_URI_V4}/task)"
    );
}

#[tokio::test]
async fn a_target_that_is_no_task_of_the_replacement() {
    let bench = Bench::of(Function::AfterAllowTestTraffic).await;
    bench.aws.state().strangers = vec!["10.0.2.7"];
    assert_eq!(
        refused(bench, "GL1110").await,
        format!(
            "tasks: target 10.0.2.7:80 in target group shop-b is healthy, gets requests, and is no task of the {REPLACEMENT} \
             (running: {}, {}); it is {} of arn:aws:ecs:eu-west-1:111122223333:task-definition/shop:1; deregister it, or \
             find out who registers it",
            arn("g1"),
            arn("g2"),
            arn("b1")
        )
    );
}

#[tokio::test]
async fn tasks_whose_addresses_ecs_does_not_tell() {
    let bench = Bench::of(Function::AfterAllowTestTraffic).await;
    bench.aws.state().tasks.iter_mut().for_each(|task| task.address = None);
    let reason = refused(bench, "GL1111").await;
    assert!(reason.ends_with(&format!("cannot be known: ECS tells no address of {}", arn("g1"))), "{reason}");
}

#[tokio::test]
async fn a_task_that_goes_during_the_checks() {
    let bench = Bench::of(Function::AfterAllowTestTraffic).await;
    let aws = bench.aws.clone();
    bench.green.on_request(move || {
        let mut state = aws.state();
        state.tasks.truncate(3);
        state.targets.truncate(1);
    });
    assert_eq!(
        refused(bench, "GL1112").await,
        format!(
            "tasks: changed while the checks ran, so what answered them is not known: task {} is gone; the service's events \
             say why tasks stop and start (a crash, a health check, scaling), so deploy again once they stay",
            arn("g2")
        )
    );
}

#[tokio::test]
async fn an_image_that_changes_during_the_checks() {
    let bench = attesting(Function::AfterAllowTestTraffic, &with_image(NEW)).await;
    let aws = bench.aws.clone();
    bench.green.on_request(move || aws.state().tasks[3].digest = Some(OLD));
    let reason = refused(bench, "GL1112").await;
    let expected = format!("so what answered them is not known: container web is not {NEW} in 1 of 2 running tasks");
    assert!(reason.contains(&expected), "{reason}");
}

#[tokio::test]
async fn everything_that_can_be_attested_is_proven_and_told_in_the_evidence() {
    let section =
        format!("{{ image: {{ container: web, digest: \"shop@{NEW}\" }}, identity: {{ header: x-task-arn }} }}");
    for (by_set, found_by) in
        [(true, "startedBy"), (false, "their task definition, because no startedBy names a task set")]
    {
        let mut bench = attesting(Function::AfterAllowTestTraffic, &section).await;
        bench.aws.state().started_by_set = by_set;
        bench.aws.state().sticky = true;
        // The last part of the ARN is as good.
        bench.green.says("g2");
        assert_eq!(bench.invoke().await.response()["status"], "Succeeded");
        let story = bench.story().await;
        let evidence = story.one_report("Succeeded");
        let attestation = &evidence["attestation"];
        for fact in ["routing", "targets", "tasks", "image", "identity"] {
            assert_eq!(attestation[fact], "proven", "{fact}");
        }
        let summary = attestation["summary"].as_str().unwrap();
        let expected = format!(
            "-> shop-b, 2 of 2 targets healthy, web is sha256:222222222222 in all 2 tasks, 2 answers from tasks of the \
             {REPLACEMENT}"
        );
        assert!(summary.ends_with(&expected), "{summary}");
        assert_eq!(attestation["running"][0]["arn"], arn("g1"));
        assert_eq!(attestation["running"][0]["targets"][0], "10.0.3.7:80");
        assert_eq!(attestation["running"][0]["digests"]["web"], NEW);
        let sticky = attestation["routes"].as_array().unwrap().iter().filter(|route| route["sticky"] == true).count();
        assert_eq!(sticky, 1);
        assert!(attestation["notes"][0].as_str().unwrap().contains("is sticky: a client with its cookie"));
        let told = format!("the healthy targets are tasks of ecs-svc/9223370493423413672 (found by {found_by})");
        let timeline = evidence["timeline"].as_array().unwrap();
        assert!(timeline.iter().any(|moment| moment["what"] == told.as_str()), "{timeline:#?}");
    }
}

#[tokio::test]
async fn two_task_sets_of_one_task_definition_are_told_apart_by_started_by_alone() {
    let mut named = Bench::of(Function::AfterAllowTestTraffic).await;
    named.aws.state().same_definition = true;
    assert_eq!(named.invoke().await.response()["status"], "Succeeded");
    named.story().await.one_report("Succeeded");

    let unnamed = Bench::of(Function::AfterAllowTestTraffic).await;
    (unnamed.aws.state().same_definition, unnamed.aws.state().started_by_set) = (true, false);
    let reason = refused(unnamed, "GL1111").await;
    assert!(reason.contains("runs the same task definition"), "{reason}");
}

#[tokio::test]
async fn behind_a_network_load_balancer_no_rules_are_asked_for() {
    for protocol in ["TCP", "TCP_UDP"] {
        let mut bench = Bench::of(Function::AfterAllowTestTraffic).await;
        {
            let mut state = bench.aws.state();
            (state.protocol, state.production) = (protocol, [1, 0]);
        }
        assert_eq!(bench.invoke().await.response()["status"], "Succeeded");
        assert_eq!(bench.aws.calls("DescribeRules"), 0);
        assert_eq!([bench.blue.requests(), bench.green.requests()], [0, 2]);
        bench.story().await.one_report("Succeeded");
    }
    let blue = Bench::of(Function::AfterAllowTestTraffic).await;
    (blue.aws.state().protocol, blue.aws.state().test) = ("TCP", [1, 0]);
    assert!(refused(blue, "GL1101").await.contains("belongs to the ORIGINAL task set"));
}

#[tokio::test]
async fn a_listener_that_speaks_no_http_is_refused() {
    let bench = Bench::of(Function::AfterAllowTestTraffic).await;
    bench.aws.state().protocol = "UDP";
    assert_eq!(refused(bench, "GL1102").await, "routing: the test listener speaks UDP; the checks speak HTTP");
}

#[tokio::test]
async fn tasks_on_instances_are_the_instances_ports() {
    let mut bench = Bench::of(Function::AfterAllowTestTraffic).await;
    bench.aws.state().on_instances();
    assert_eq!(bench.invoke().await.response()["status"], "Succeeded");
    let story = bench.story().await;
    let attestation = &story.one_report("Succeeded")["attestation"];
    assert_eq!(attestation["running"][0]["targets"][0], "i-0a1b2c3d4e5f60718:32768");
}

#[tokio::test]
async fn what_is_not_known_of_tasks_does_not_decide_while_it_is_only_warned_of() {
    let mut warned = attesting(Function::AfterAllowTestTraffic, "{ routing: warn }").await;
    warned.aws.state().tasks.clear();
    assert_eq!(warned.invoke().await.response()["status"], "Succeeded");
    let story = warned.story().await;
    let attestation = &story.one_report("Succeeded")["attestation"];
    assert_eq!(attestation["tasks"], "not_attestable");
    assert_eq!(attestation["messages"][0]["code"], "GL1111");

    let contradicted = attesting(Function::AfterAllowTestTraffic, "{ routing: warn }").await;
    contradicted.aws.state().strangers = vec!["10.0.9.9"];
    refused(contradicted, "GL1110").await;

    let moving = attesting(Function::AfterAllowTestTraffic, "{ routing: warn }").await;
    let aws = moving.aws.clone();
    moving.green.on_request(move || aws.state().strangers = vec!["10.0.9.9"]);
    let reason = refused(moving, "GL1112").await;
    assert!(reason.contains("is not known: target 10.0.9.9:80 in target group shop-b is healthy"), "{reason}");

    let mut off = attesting(Function::AfterAllowTestTraffic, "{ routing: off }").await;
    off.aws.state().strangers = vec!["10.0.9.9"];
    assert_eq!(off.invoke().await.response()["status"], "Succeeded");
    assert_eq!(off.aws.calls("ListTasks"), 0);
    off.story().await.one_report("Succeeded");
}
