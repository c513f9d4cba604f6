//! The AWS CLI from PyPI as an independent client of the stand-in: its own parsers must get correct answers. The CLI shares
//! no code with this project, so what it understands is AWS's wire and not ours.

mod support {
    pub(crate) mod python;
    pub(crate) mod scenario;
    pub(crate) mod stand_in;
}

use std::path::Path;

use serde_json::{Value, json};
use support::scenario::{Function, Scenario};
use support::stand_in::StandIn;

#[test]
fn the_aws_cli_reads_a_finished_deployment() {
    let Some(tools) = support::python::tools("the_aws_cli_reads_a_finished_deployment") else { return };
    let stand_in = StandIn::start(&[]);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let aws = |arguments: &[&str]| aws(&stand_in, &tools, arguments);

    // Made by the CLI too: the AppSpec as a person would write it, and no sha256.
    let appspec = json!({"version": 0.0,
        "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {
            "TaskDefinition": stand_in.announcement["task_definitions"]["green"],
            "LoadBalancerInfo": {"ContainerName": stand_in.announcement["container"], "ContainerPort": stand_in.announcement["container_port"]}}}}],
        "Hooks": [{"AfterAllowTestTraffic": stand_in.announcement["hooks"]["AfterAllowTestTraffic"]}]});
    let revision = json!({"revisionType": "AppSpecContent", "appSpecContent": {"content": appspec.to_string()}});
    let revision_file = folder.path().join("revision.json");
    std::fs::write(&revision_file, revision.to_string()).expect("the revision can be written");
    let (application, group) = (stand_in.text("application"), stand_in.text("deployment_group"));
    let revision_argument = format!("file://{}", revision_file.display());
    let created = aws(&[
        "deploy",
        "create-deployment",
        "--application-name",
        application,
        "--deployment-group-name",
        group,
        "--revision",
        &revision_argument,
    ]);
    let id = created["deploymentId"].as_str().expect("CreateDeployment answers with an id").to_owned();
    assert!(id.starts_with("d-") && id.len() == 11, "{id}");

    // `watch` is the bounded wait for the end.
    let watch = stand_in
        .greenlight()
        .args(["watch", &id])
        .current_dir(folder.path())
        .output()
        .expect("greenlight can be started");
    assert_eq!(watch.status.code(), Some(0), "{}", String::from_utf8_lossy(&watch.stderr));

    let info = &aws(&["deploy", "get-deployment", "--deployment-id", &id])["deploymentInfo"];
    assert_eq!(info["status"], "Succeeded");
    assert_eq!(info["computePlatform"], "ECS");
    assert_eq!(info["creator"], "user");
    assert_eq!(info["deploymentConfigName"], "CodeDeployDefault.ECSCanary10Percent5Minutes");
    assert_eq!(
        info["deploymentOverview"],
        json!({"Pending": 0, "InProgress": 0, "Succeeded": 1, "Failed": 0, "Skipped": 0, "Ready": 0})
    );
    assert_eq!(info["revision"]["revisionType"], "AppSpecContent");
    assert!(info["revision"]["appSpecContent"]["content"].is_null(), "GetDeployment never returns the AppSpec's text");
    assert!(info["completeTime"].is_number() || info["completeTime"].is_string());

    let target = format!("{}:{}", stand_in.text("cluster"), stand_in.text("service"));
    let targets = aws(&["deploy", "list-deployment-targets", "--deployment-id", &id]);
    assert_eq!(targets["targetIds"], json!([target]));

    let batch = aws(&["deploy", "batch-get-deployment-targets", "--deployment-id", &id, "--target-ids", &target]);
    let ecs_target = &batch["deploymentTargets"][0]["ecsTarget"];
    assert_eq!(batch["deploymentTargets"][0]["deploymentTargetType"], "ECSTarget");
    let events: Vec<_> = ecs_target["lifecycleEvents"]
        .as_array()
        .expect("a target has lifecycle events")
        .iter()
        .map(|event| {
            (
                event["lifecycleEventName"].as_str().expect("an event has a name"),
                event["status"].as_str().expect("an event has a status"),
            )
        })
        .collect();
    let order = [
        "BeforeInstall",
        "Install",
        "AfterInstall",
        "AllowTestTraffic",
        "AfterAllowTestTraffic",
        "BeforeAllowTraffic",
        "AllowTraffic",
        "AfterAllowTraffic",
    ];
    assert_eq!(events, order.map(|name| (name, "Succeeded")));

    let services = aws(&[
        "ecs",
        "describe-services",
        "--cluster",
        stand_in.text("cluster"),
        "--services",
        stand_in.text("service"),
    ]);
    let service = &services["services"][0];
    assert_eq!(services["failures"], json!([]));
    assert_eq!(service["deploymentController"]["type"], "CODE_DEPLOY");
    let primary = service["taskSets"]
        .as_array()
        .expect("a service has task sets")
        .iter()
        .find(|set| set["status"] == "PRIMARY")
        .expect("one task set is PRIMARY");
    assert_eq!(primary["externalId"], id.as_str(), "the replacement is PRIMARY now");
    assert_eq!(primary["taskDefinition"], stand_in.announcement["task_definitions"]["green"]);
    assert_eq!(primary["runningCount"], service["desiredCount"]);

    let group_info =
        &aws(&["deploy", "get-deployment-group", "--application-name", application, "--deployment-group-name", group])
            ["deploymentGroupInfo"];
    let pair = &group_info["loadBalancerInfo"]["targetGroupPairInfoList"][0];
    let production =
        pair["prodTrafficRoute"]["listenerArns"][0].as_str().expect("the pair names the production listener");
    let listeners = aws(&["elbv2", "describe-listeners", "--listener-arns", production]);
    let forwards = listeners["Listeners"][0]["DefaultActions"][0]["ForwardConfig"]["TargetGroups"]
        .as_array()
        .expect("a forward action has target groups");
    let serving = primary["loadBalancers"][0]["targetGroupArn"].as_str().expect("a task set has a target group");
    for forward in forwards {
        assert_eq!(forward["Weight"], if forward["TargetGroupArn"] == serving { 100 } else { 0 }, "{forwards:?}");
    }
    assert_eq!(forwards.len(), 2, "the drained target group stays with weight 0");
}

#[test]
fn the_aws_cli_sets_an_alarm_and_reads_it_back_and_a_metric_too() {
    let Some(tools) = support::python::tools("the_aws_cli_sets_an_alarm_and_reads_it_back_and_a_metric_too") else {
        return;
    };
    let stand_in = StandIn::start(&[]);
    let run = |line: &str| {
        let output = stand_in.client(tools.join("aws")).args(line.split(' ')).output().expect("the CLI was installed");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let quiet = |line: &str| {
        let (succeeded, said) = run(line);
        assert!(succeeded, "{line}: {said}");
    };
    let alarm = || {
        let described = aws(&stand_in, &tools, &["cloudwatch", "describe-alarms", "--alarm-names", "shop-5xx"]);
        described["MetricAlarms"][0].clone()
    };
    quiet(
        "cloudwatch put-metric-alarm --alarm-name shop-5xx --namespace Shop --metric-name Errors --statistic Sum --period 60 --evaluation-periods 1 --threshold 5 --comparison-operator GreaterThanThreshold",
    );
    assert_eq!(alarm()["StateValue"], "INSUFFICIENT_DATA");
    quiet("cloudwatch set-alarm-state --alarm-name shop-5xx --state-value ALARM --state-reason by-hand");
    let red = alarm();
    assert_eq!((&red["StateValue"], &red["StateReason"]), (&json!("ALARM"), &json!("by-hand")), "{red}");
    assert_eq!((&red["MetricName"], &red["Threshold"]), (&json!("Errors"), &json!(5.0)), "{red}");
    // The CLI's first version prints a time as it came: seconds since the epoch.
    assert!(red["StateTransitionedTimestamp"].as_f64().is_some_and(|at| at > 1_700_000_000.0), "{red}");
    quiet("cloudwatch delete-alarms --alarm-names shop-5xx");
    assert_eq!(alarm(), Value::Null);
    let (succeeded, said) =
        run("cloudwatch set-alarm-state --alarm-name shop-5xx --state-value OK --state-reason by-hand");
    assert!(!succeeded && said.contains("ResourceNotFound"), "{said}");

    for value in [2, 3] {
        quiet(&format!(
            "cloudwatch put-metric-data --namespace Shop --metric-name Errors --value {value} --timestamp 2026-02-08T12:00:30Z --dimensions Version=2"
        ));
    }
    let queries = json!([{"Id": "errors", "MetricStat": {"Period": 60, "Stat": "Sum", "Metric": {"Namespace": "Shop",
        "MetricName": "Errors", "Dimensions": [{"Name": "Version", "Value": "2"}]}}}]);
    let queries = queries.to_string();
    let (start, end) = ("2026-02-08T12:00:00Z", "2026-02-08T12:05:00Z");
    let arguments =
        ["cloudwatch", "get-metric-data", "--start-time", start, "--end-time", end, "--metric-data-queries", &queries];
    let data = aws(&stand_in, &tools, &arguments);
    assert_eq!(data["MetricDataResults"][0]["Values"], json!([5.0]), "{data}");
    assert_eq!(data["MetricDataResults"][0]["StatusCode"], "Complete");
}

#[test]
fn the_aws_cli_understands_the_refusals() {
    let Some(tools) = support::python::tools("the_aws_cli_understands_the_refusals") else { return };
    let stand_in = StandIn::start(&[]);
    for (arguments, expected) in [
        (&["deploy", "get-deployment", "--deployment-id", "d-NOTTHERE0"][..], "DeploymentDoesNotExistException"),
        (
            &["deploy", "get-deployment-group", "--application-name", "nobody", "--deployment-group-name", "x"][..],
            "ApplicationDoesNotExistException",
        ),
        (
            &[
                "elbv2",
                "describe-listeners",
                "--listener-arns",
                "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/x/1/2",
            ][..],
            "ListenerNotFound",
        ),
        (&["lambda", "invoke", "--function-name", "nobody", "/dev/null"][..], "ResourceNotFoundException"),
        (&["ecs", "describe-services", "--cluster", "nowhere", "--services", "x"][..], "ClusterNotFoundException"),
        (&["ecs", "delete-cluster", "--cluster", "x"][..], "rehearsal"),
    ] {
        let output = stand_in.client(tools.join("aws")).args(arguments).output().expect("the AWS CLI was installed");
        let printed = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{arguments:?} should be refused");
        assert!(printed.contains(expected), "{arguments:?}: no {expected:?} in {printed}");
    }
}

#[test]
fn the_aws_cli_stores_lists_reads_and_deletes_objects() {
    let Some(tools) = support::python::tools("the_aws_cli_stores_lists_reads_and_deletes_objects") else { return };
    let stand_in = StandIn::start(&[]);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let run = |arguments: &[&str]| {
        let output = stand_in.client(tools.join("aws")).args(arguments).output().expect("the AWS CLI was installed");
        let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.success(), printed)
    };
    let done = |arguments: &[&str]| {
        let (success, printed) = run(arguments);
        assert!(success, "aws {arguments:?}: {printed}");
        printed
    };
    let (plan, back) = (path("checks.yaml"), path("back.yaml"));
    std::fs::write(&plan, "version: 1\n").expect("the plan can be written");

    let (success, printed) = run(&["s3", "cp", &plan, "s3://plans/checks.yaml"]);
    assert!(!success && printed.contains("NoSuchBucket"), "{printed}");

    done(&["s3", "mb", "s3://plans"]);
    done(&["s3", "cp", &plan, "s3://plans/shop/two words + more.yaml"]);
    done(&[
        "s3api",
        "put-object",
        "--bucket",
        "plans",
        "--key",
        "shop/b/c.json",
        "--body",
        &plan,
        "--metadata",
        "by=cli",
    ]);
    let listed = done(&["s3", "ls", "s3://plans/shop/"]);
    assert!(listed.contains("PRE b/") && listed.contains("two words + more.yaml"), "{listed}");

    let page = aws(&stand_in, &tools, &["s3api", "list-objects-v2", "--bucket", "plans", "--max-items", "1"]);
    assert_eq!(page["Contents"][0]["Key"], "shop/b/c.json");
    let all = aws(&stand_in, &tools, &["s3api", "list-objects-v2", "--bucket", "plans", "--page-size", "1"]);
    assert_eq!(all["Contents"].as_array().map(Vec::len), Some(2), "pages follow each other: {all}");

    done(&["s3", "cp", "s3://plans/shop/two words + more.yaml", &back]);
    assert_eq!(std::fs::read_to_string(&back).expect("it was downloaded"), "version: 1\n");
    let head = aws(&stand_in, &tools, &["s3api", "head-object", "--bucket", "plans", "--key", "shop/b/c.json"]);
    assert_eq!((&head["ContentLength"], &head["Metadata"]["by"]), (&json!(11), &json!("cli")));
    done(&["s3api", "get-object", "--bucket", "plans", "--key", "shop/b/c.json", &back]);

    done(&["s3", "rm", "s3://plans/shop/b/c.json"]);
    let (success, printed) = run(&["s3api", "get-object", "--bucket", "plans", "--key", "shop/b/c.json", &back]);
    assert!(!success && printed.contains("NoSuchKey"), "{printed}");
    let (success, printed) = run(&["s3api", "get-bucket-versioning", "--bucket", "plans"]);
    assert!(!success && printed.contains("the rehearsal does not implement"), "{printed}");
}

#[test]
fn a_hook_reads_its_plan_from_a_bucket_and_the_aws_cli_reads_its_evidence_from_one() {
    let Some(tools) =
        support::python::tools("a_hook_reads_its_plan_from_a_bucket_and_the_aws_cli_reads_its_evidence_from_one")
    else {
        return;
    };
    let function = Function::after_allow_test_traffic()
        .set("GREENLIGHT_PLAN", "s3://plans/shop/checks.yaml")
        .set("GREENLIGHT_EVIDENCE_BUCKET", "evidence");
    let scenario = Scenario::write(&function);
    let stand_in = StandIn::start(&[scenario.path(), "--pace", "600"]);
    let plan = scenario.configuration().with_file_name("checks.yaml").display().to_string();
    let arguments = ["s3api", "put-object", "--bucket", "plans", "--key", "shop/checks.yaml", "--body", &plan];
    aws(&stand_in, &tools, &arguments);

    let deployed = stand_in.greenlight().args(["deploy", "--file"]).arg(scenario.configuration()).output();
    let deployed = deployed.expect("greenlight can be started");
    assert_eq!(deployed.status.code(), Some(0), "{}", String::from_utf8_lossy(&deployed.stderr));

    let listed = aws(&stand_in, &tools, &["s3api", "list-objects-v2", "--bucket", "evidence"]);
    let key = listed["Contents"][0]["Key"].as_str().unwrap_or_else(|| panic!("no evidence: {listed}"));
    assert!(key.starts_with("greenlight/d-") && key.contains("/AfterAllowTestTraffic/"), "{key}");
    let file = scenario.configuration().with_file_name("evidence.json");
    let path = file.display().to_string();
    aws(&stand_in, &tools, &["s3api", "get-object", "--bucket", "evidence", "--key", key, &path]);
    let evidence = std::fs::read(file).expect("the evidence was downloaded");
    let evidence: Value = serde_json::from_slice(&evidence).expect("evidence is JSON");
    assert_eq!(evidence["verdict"]["decision"], "Succeeded");
    assert_eq!(evidence["plan"]["source"], "s3://plans/shop/checks.yaml");
}

fn aws(stand_in: &StandIn, tools: &Path, arguments: &[&str]) -> Value {
    let output = stand_in
        .client(tools.join("aws"))
        .args(arguments)
        .args(["--output", "json"])
        .output()
        .expect("the AWS CLI was installed");
    assert!(output.status.success(), "aws {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("aws {arguments:?} printed no JSON: {error}"))
}
