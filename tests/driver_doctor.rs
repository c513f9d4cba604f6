//! `greenlight doctor` against the stand-in: of a sound deployment it finds nothing; of one with everything wrong that an account
//! can have wrong it names each thing; what it may not read it says, and never passes over.

mod support {
    pub(crate) mod scenario;
    pub(crate) mod stand_in;
}

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use support::scenario::{Function, Scenario};
use support::stand_in::StandIn;

fn doctor(stand_in: &StandIn, file: &Path, arguments: &[&str]) -> Output {
    let command = &mut stand_in.greenlight();
    command.arg("doctor").arg("--file").arg(file).args(arguments).output().expect("greenlight can be started")
}

fn shown(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The lines of type `finding`, and the outcome, which comes last.
fn told(output: &Output) -> (Vec<Value>, Value) {
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    let outcome = lines.pop().unwrap_or_else(|| panic!("no outcome: {}", shown(output)));
    assert_eq!(outcome["type"], "outcome", "{outcome}");
    assert_eq!(outcome["exit_code"], json!(output.status.code()));
    assert!(lines.iter().all(|line| line["type"] == "finding" && line["schema"] == 1 && line["at"].is_string()));
    (lines, outcome)
}

/// `DR06 blocking` of each finding.
fn ids(findings: &[Value]) -> Vec<String> {
    let text = |finding: &Value, member: &str| finding[member].as_str().expect("it is text").to_owned();
    findings.iter().map(|finding| format!("{} {}", text(finding, "id"), text(finding, "severity"))).collect()
}

/// The whole text of a finding.
fn finding<'a>(findings: &'a [Value], id: &str) -> [&'a str; 3] {
    let found =
        findings.iter().find(|finding| finding["id"] == id).unwrap_or_else(|| panic!("no {id} in {findings:?}"));
    ["finding", "consequence", "fix"].map(|member| found[member].as_str().expect("it is text"))
}

#[test]
fn of_the_demo_nothing_is_found_and_its_functions_find_themselves_well() {
    let stand_in = StandIn::start(&[]);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    stand_in.write_configuration(folder.path());
    let file = folder.path().join("greenlight.yaml");

    let output = doctor(&stand_in, &file, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    // No load balancer of the other kind, no role, no image in ECR, no plan, no alarms, no self-test.
    assert_eq!(
        shown(&output),
        "21 of 30 checks clean; 9 have nothing to look at: DR09, DR17, DR19, DR21, DR23, DR24, DR25, DR29, DR30\n"
    );

    let (findings, outcome) = told(&doctor(&stand_in, &file, &["--self-test", "--output", "json"]));
    // Where evidence is kept is up to its owner: the functions say that nobody has said so.
    assert_eq!(ids(&findings), ["DR29 info", "DR29 info"]);
    assert_eq!(
        finding(&findings, "DR29"),
        [
            "AfterAllowTestTraffic: function CodeDeployHook_AfterAllowTestTraffic says of evidence-bucket: no evidence bucket is configured",
            "it was not looked at",
            "set GREENLIGHT_EVIDENCE_BUCKET to keep evidence beyond the log",
        ]
    );
    assert_eq!(
        (&outcome["outcome"], &outcome["reason"]),
        (
            &json!("succeeded"),
            &json!(
                "nothing blocks; 21 of 30 checks clean; 8 have nothing to look at: DR09, DR17, DR19, DR21, DR23, DR24, DR25, DR30"
            )
        )
    );
    assert_eq!(stand_in.end_and_read_the_rest(), "");
}

#[test]
fn everything_that_an_account_has_wrong_is_named_with_its_consequence_and_its_fix() {
    let ailments = json!({"roles_lack": ["lambda:InvokeFunction", "codedeploy:PutLifecycleEventHookExecutionStatus"],
        "misrouted": true, "network_load_balancer": true, "listeners_apart": true, "scaling": true});
    let function = Function::after_allow_test_traffic().plan("misspelt.yaml");
    let scenario = Scenario::write(&function)
        .set("ailments", &ailments)
        .set("group_alarms", &json!(["shop-5xx", "nobody"]))
        .set("rollback_on", &json!([]))
        .set("deployment_config", &json!("CodeDeployDefault.ECSCanary10Percent5Minutes"))
        .configure("checks: misspelt.yaml\nimages: { web: \"123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:9\" }\n");
    let stand_in = StandIn::start(&[scenario.path()]);

    let (findings, outcome) = told(&doctor(&stand_in, &scenario.configuration(), &["--self-test", "--output", "json"]));
    assert_eq!(
        ids(&findings),
        [
            "DR06 blocking",
            "DR08 blocking",
            "DR09 blocking",
            "DR15 blocking",
            "DR16 blocking",
            "DR19 blocking",
            "DR21 blocking",
            "DR24 blocking",
            "DR24 blocking",
            "DR29 blocking",
            "DR29 blocking",
            "DR26 warning",
            "DR26 warning",
            "DR28 warning",
            "DR29 info",
        ],
        "{findings:#?}"
    );
    assert_eq!((&outcome["exit_code"], &outcome["outcome"]), (&json!(18), &json!("preflight_failed")));
    assert_eq!(
        finding(&findings, "DR06"),
        [
            "the production listener sends nothing to shop-a, where the PRIMARY task set is (shop-b 100, shop-a 0)",
            "CodeDeploy fails the deployment before it creates anything: Primary taskset target group must be behind listener",
            "forward it to shop-a alone, or to the pair with weight 0 for the other one",
        ]
    );
    let [image, ..] = finding(&findings, "DR19");
    assert_eq!(
        image,
        "container web: image 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:9 is of a repository that is not there: RepositoryNotFoundException: The repository with name 'shop' does not exist in the registry with id '123456789012'"
    );
    let [alarm, ..] = finding(&findings, "DR24");
    assert_eq!(alarm, "alarm shop-5xx is in ALARM already (The scenario says so.)");
    let [scaling, ..] = finding(&findings, "DR28");
    assert_eq!(scaling, "the service is being scaled (InProgress): Setting desired count to 2.");
    let [test, ..] = finding(&findings, "DR29");
    assert!(
        test.starts_with("AfterAllowTestTraffic: function CodeDeployHook_AfterAllowTestTraffic says of plan: GL1001"),
        "{test}"
    );

    let output = doctor(&stand_in, &scenario.configuration(), &[]);
    assert_eq!(output.status.code(), Some(18), "{}", shown(&output));
    let printed = String::from_utf8_lossy(&output.stdout);
    for line in [
        "BLOCKING  9 findings",
        "  DR15  AfterAllowTestTraffic: the service role is not allowed lambda:InvokeFunction on function CodeDeployHook_AfterAllowTestTraffic",
        "        then: nobody reports, and CodeDeploy waits for one hour before it fails the deployment",
        "WARNING   3 findings",
        "        do:   deployment: { rollback_on: [failure] } in greenlight.yaml, or in the deployment group",
    ] {
        assert!(printed.lines().any(|shown| shown == line), "no {line:?} in:\n{printed}");
    }
}

#[test]
fn what_may_not_be_read_is_told_with_the_permission_that_it_needs() {
    let denied = [
        "iam:SimulatePrincipalPolicy",
        "lambda:GetFunctionConfiguration",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeRules",
        "cloudwatch:DescribeAlarms",
        "application-autoscaling:DescribeScalingActivities",
        "codedeploy:ListDeployments",
        "ecr:DescribeImages",
    ];
    let scenario = Scenario::write(&Function::after_allow_test_traffic())
        .set("ailments", &json!({"denied": denied}))
        .set("group_alarms", &json!(["shop-5xx"]))
        .configure("images: { web: \"123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:9\" }\n");
    let stand_in = StandIn::start(&[scenario.path()]);
    let (findings, outcome) = told(&doctor(&stand_in, &scenario.configuration(), &["--output", "json"]));
    for action in denied {
        let fix = format!("allow {action} to the credentials in use");
        let found = findings.iter().find(|finding| finding["fix"] == fix.as_str());
        let found = found.unwrap_or_else(|| panic!("nobody says {fix:?}: {findings:#?}"));
        assert_eq!(found["severity"], "warning");
        let text = found["finding"].as_str().expect("it is text");
        assert!(
            text.contains(&format!("could not be judged: needs the permission {action} ({action}: AccessDenied")),
            "{text}"
        );
    }
    assert_eq!(outcome["exit_code"], 0);
    assert_eq!(
        outcome["reason"],
        "nothing blocks; 9 of 30 checks clean; 5 have nothing to look at: DR09, DR17, DR21, DR29, DR30; not judged, because what they rest on is missing: DR13, DR14, DR25"
    );
}

#[test]
fn a_service_that_codedeploy_does_not_control_and_one_that_may_not_be_read_block() {
    let write = |ailments: Value| Scenario::write(&Function::after_allow_test_traffic()).set("ailments", &ailments);
    let scenario = write(json!({"controller": "ECS"}));
    let stand_in = StandIn::start(&[scenario.path()]);
    let (findings, outcome) = told(&doctor(&stand_in, &scenario.configuration(), &["--output", "json"]));
    assert_eq!((ids(&findings), &outcome["exit_code"]), (vec!["DR03 blocking".to_owned()], &json!(18)));

    let scenario = write(json!({"denied": ["codedeploy:GetDeploymentGroup"]}));
    let stand_in = StandIn::start(&[scenario.path()]);
    let (findings, outcome) = told(&doctor(&stand_in, &scenario.configuration(), &["--output", "json"]));
    assert_eq!(ids(&findings)[0], "DR01 blocking");
    assert_eq!(outcome["exit_code"], 18, "what cannot be judged at all is no pass: {outcome}");
}

#[test]
fn a_group_that_is_not_there_and_a_file_that_is_wrong_are_configuration_errors() {
    let scenario = Scenario::write(&Function::after_allow_test_traffic());
    let stand_in = StandIn::start(&[scenario.path()]);
    let text = std::fs::read_to_string(scenario.configuration()).expect("the configuration was written");
    for (wrong, said) in [
        (
            text.replace("shop-dg", "other"),
            "error: failed to read deployment group \"other\" of application \"shop-app\"\n  codedeploy:GetDeploymentGroup: DeploymentGroupDoesNotExistException: No Deployment Group found for name: other\n",
        ),
        (text.replace("deployment_group", "group"), "unknown key \"group\""),
    ] {
        std::fs::write(scenario.configuration(), wrong).expect("the configuration can be written");
        let output = doctor(&stand_in, &scenario.configuration(), &[]);
        assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
        assert!(shown(&output).contains(said), "{}", shown(&output));
    }
}

fn deploy(stand_in: &StandIn, scenario: &Scenario, arguments: &[&str]) -> Output {
    let command = &mut stand_in.greenlight();
    command.args(["deploy", "--poll", "200ms", "--file"]).arg(scenario.configuration()).args(arguments);
    command.output().expect("greenlight can be started")
}

/// What the stand-in did for others than itself.
fn journal(stand_in: &StandIn) -> String {
    let output = std::process::Command::new("curl").args(["-sf", stand_in.text("journal")]).output();
    String::from_utf8(output.expect("curl can be started").stdout).expect("a journal is text")
}

#[test]
fn a_deployment_that_would_fail_ends_before_anything_is_registered() {
    let scenario = Scenario::write(&Function::after_allow_test_traffic()).set("ailments", &json!({"misrouted": true}));
    let stand_in = StandIn::start(&[scenario.path(), "--pace", "600"]);
    let output = deploy(&stand_in, &scenario, &[]);
    assert_eq!(output.status.code(), Some(18), "{}", shown(&output));
    assert_eq!(
        shown(&output),
        "  DR06  the production listener sends nothing to shop-a, where the PRIMARY task set is (shop-b 100, shop-a 0)
        then: CodeDeploy fails the deployment before it creates anything: Primary taskset target group must be behind listener
        do:   forward it to shop-a alone, or to the pair with weight 0 for the other one
error: the preflight found what would fail the deployment, and nothing was registered: DR06
  look closer with greenlight doctor; --skip-preflight deploys all the same
"
    );
    let (findings, outcome) = told(&deploy(&stand_in, &scenario, &["--output", "json"]));
    assert_eq!(ids(&findings), ["DR06 blocking"]);
    assert_eq!((&outcome["outcome"], &outcome["deployment_id"]), (&json!("preflight_failed"), &Value::Null));
    let journal = journal(&stand_in);
    assert!(journal.contains("task set steady"), "{journal}");
    assert!(!journal.contains("registered") && !journal.contains("codedeploy"), "{journal}");

    let output = deploy(&stand_in, &scenario, &["--skip-preflight", "--no-auto-rollback"]);
    let printed = shown(&output);
    let skipped = "warning: the preflight is skipped; it is not known whether: DR01 the deployment group is of the compute platform ECS and names a service; DR02 ";
    assert!(printed.starts_with(skipped), "{printed}");
    assert_eq!(output.status.code(), Some(14), "{printed}");
    assert!(printed.contains("Primary taskset target group must be behind listener"), "{printed}");
}

#[test]
fn what_a_preflight_may_not_read_is_told_and_does_not_stop_the_deployment() {
    let denied = json!({"denied": ["lambda:GetFunctionConfiguration", "elasticloadbalancing:DescribeTargetGroups"]});
    let scenario = Scenario::write(&Function::after_allow_test_traffic()).set("ailments", &denied);
    let stand_in = StandIn::start(&[scenario.path(), "--pace", "600"]);
    let output = deploy(&stand_in, &scenario, &[]);
    let printed = shown(&output);
    for warning in [
        "warning: DR04 could not be judged: needs the permission elasticloadbalancing:DescribeTargetGroups (",
        "warning: DR12 AfterAllowTestTraffic: function CodeDeployHook_AfterAllowTestTraffic could not be judged: needs the permission lambda:GetFunctionConfiguration (",
    ] {
        assert!(printed.contains(warning), "no {warning:?} in:\n{printed}");
    }
    // The hook reads the target groups too: it reports that it may not, and is as denied as we are.
    assert_eq!(output.status.code(), Some(11), "{printed}");
}

#[test]
fn the_alarms_of_a_deployment_take_the_place_of_the_groups() {
    let scenario = Scenario::write(&Function::after_allow_test_traffic()).set("group_alarms", &json!(["shop-5xx"]));
    let stand_in = StandIn::start(&[scenario.path(), "--pace", "600"]);
    let output = deploy(&stand_in, &scenario, &[]);
    assert_eq!(output.status.code(), Some(18), "{}", shown(&output));
    assert!(shown(&output).contains("DR24  alarm shop-5xx is in ALARM already"), "{}", shown(&output));
    let output = deploy(&stand_in, &scenario, &["--no-alarms"]);
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
}
