//! `ffbatch prices`: what is shipped, what AWS answers, and every way in which it does not.

use ffbatch_dispatcher::exit::Exit;
use ffbatch_tests::aws::{Aws, Jobs};
use ffbatch_tests::ended::Ended;
use ffbatch_tests::sandbox::Sandbox;
use insta::assert_snapshot;
use serde_json::{Value, json};

/// Types of the double's price list, and one that it lists as free.
const TYPES: &str = "c7g.large c8i.xlarge g6.xlarge";

/// A double, and a sandbox whose programs talk to it.
fn account() -> (Aws, Sandbox) {
    let aws = Aws::start(Jobs::Stay("RUNNABLE"));
    let sandbox = aws.sandbox();
    (aws, sandbox)
}

fn prices(sandbox: &Sandbox, words: &str) -> Ended {
    sandbox.ffbatch(format!("prices {words}").split_whitespace())
}

/// The JSON of a success.
#[track_caller]
fn told(sandbox: &Sandbox, words: &str) -> Value {
    let ended = prices(sandbox, &format!("{words} --json"));
    serde_json::from_str(&ended.ok().stdout).expect("JSON")
}

/// The document that a refresh has left.
#[track_caller]
fn document(sandbox: &Sandbox) -> Value {
    let path = sandbox.directory("state").join("prices/us-east-1.json");
    let text = std::fs::read_to_string(path).expect("it is there");
    serde_json::from_str(&text).expect("JSON")
}

/// The name and the On-Demand price of every type that is shown.
fn usual(shown: &Value) -> Vec<(String, Option<f64>)> {
    let all = shown["instances"].as_array().expect("a list").iter();
    all.map(|one| {
        let name = one["name"].as_str().expect("a name").to_owned();
        (name, one["on_demand"]["usd_per_hour"].as_f64())
    })
    .collect()
}

#[track_caller]
fn check(shown: &Value, expected: &[(&str, Option<f64>)]) {
    let expected: Vec<(String, Option<f64>)> = expected
        .iter()
        .map(|(name, usd)| ((*name).to_owned(), *usd))
        .collect();
    assert_eq!(usual(shown), expected);
}

#[test]
fn what_is_shipped_needs_nobody() {
    let sandbox = Sandbox::new();
    let shown = prices(
        &sandbox,
        "--region eu-west-1 c7g.large c7g.4xlarge c8i.large",
    );
    assert_snapshot!(shown.ok().stdout, @r"
    TYPE         VCPU  MEMORY  ON-DEMAND  PER VCPU     SPOT  PER VCPU  SOURCE
    c7g.large       2   4 GiB     0.0775   0.03875  unknown            apache-libcloud 3.9.1, 2025-03-02
    c7g.4xlarge    16  32 GiB    unknown            unknown
    c8i.large       2   4 GiB    unknown            unknown

    USD an hour in eu-west-1, with Linux
    `ffbatch prices refresh --region eu-west-1` asks AWS for what is unknown
    ");
    let all = prices(&sandbox, "--region us-east-1");
    assert_snapshot!(all.ok().stdout, @r"
    TYPE          VCPU   MEMORY  ON-DEMAND  PER VCPU     SPOT  PER VCPU  SOURCE
    c5a.xlarge       4    8 GiB     0.1540    0.0385  unknown            apache-libcloud 3.9.1, 2025-03-02
    m5a.xlarge       4   16 GiB     0.1720    0.0430  unknown            apache-libcloud 3.9.1, 2025-03-02
    c6a.xlarge       4    8 GiB     0.1530   0.03825  unknown            apache-libcloud 3.9.1, 2025-03-02
    c7a.2xlarge      8   16 GiB    0.41056   0.05132  unknown            apache-libcloud 3.9.1, 2025-03-02
    m7a.2xlarge      8   32 GiB    0.46368   0.05796  unknown            apache-libcloud 3.9.1, 2025-03-02
    c8a.xlarge       4    8 GiB    unknown            unknown
    m8a.xlarge       4   16 GiB    unknown            unknown
    c6g.16xlarge    64  128 GiB     2.1760    0.0340  unknown            apache-libcloud 3.9.1, 2025-03-02
    c7g.2xlarge      8   16 GiB     0.2900   0.03625  unknown            apache-libcloud 3.9.1, 2025-03-02
    c8g.2xlarge      8   16 GiB    0.31904   0.03988  unknown            apache-libcloud 3.9.1, 2025-03-02
    m7g.xlarge       4   16 GiB     0.1632    0.0408  unknown            apache-libcloud 3.9.1, 2025-03-02
    m8g.4xlarge     16   64 GiB    0.71808   0.04488  unknown            apache-libcloud 3.9.1, 2025-03-02
    c5.xlarge        4    8 GiB     0.1700    0.0425  unknown            apache-libcloud 3.9.1, 2025-03-02
    c6i.xlarge       4    8 GiB     0.1700    0.0425  unknown            apache-libcloud 3.9.1, 2025-03-02
    c7i.xlarge       4    8 GiB     0.1785  0.044625  unknown            apache-libcloud 3.9.1, 2025-03-02
    c8i.xlarge       4    8 GiB    unknown            unknown
    m7i.2xlarge      8   32 GiB     0.4032    0.0504  unknown            apache-libcloud 3.9.1, 2025-03-02
    m8i.xlarge       4   16 GiB    unknown            unknown
    g4dn.xlarge      4   16 GiB     0.5260    0.1315  unknown            apache-libcloud 3.9.1, 2025-03-02
    g5.xlarge        4   16 GiB     1.0060    0.2515  unknown            apache-libcloud 3.9.1, 2025-03-02
    g6.xlarge        4   16 GiB     0.8048    0.2012  unknown            apache-libcloud 3.9.1, 2025-03-02
    g6e.2xlarge      8   64 GiB    2.24208   0.28026  unknown            apache-libcloud 3.9.1, 2025-03-02
    vt1.3xlarge     12   24 GiB     0.6500  0.054167  unknown            apache-libcloud 3.9.1, 2025-03-02

    FARGATE  PAID        A VCPU     A GB  A GB OF DISK  SOURCE
    X86_64   On-Demand  unknown  unknown       unknown
    X86_64   Spot       unknown  unknown       unknown
    ARM64    On-Demand  unknown  unknown       unknown
    ARM64    Spot       unknown  unknown       unknown

    USD an hour in us-east-1, with Linux; one size of each family (`--compute NAME` shows all)
    `ffbatch prices refresh --region us-east-1` asks AWS for what is unknown
    ");
    let arm = told(
        &sandbox,
        "--region us-east-1 --compute arm --compute fargate-arm",
    );
    assert!(usual(&arm).len() > 30, "{arm:#}");
    assert_eq!(arm["fargate"][0]["price"], Value::Null);
    assert_eq!(arm["fargate"][1]["paid"], "spot");
    assert!(!sandbox.directory("state").join("prices").exists());
}

#[test]
fn a_refresh_is_kept_and_shown() {
    let (aws, sandbox) = account();
    let ended = prices(&sandbox, &format!("refresh {TYPES}"));
    let said = &ended.ok().stdout;
    assert_eq!(
        said.trim(),
        "2 prices On-Demand, 3 prices of Spot, 0 prices of Fargate in [sandbox]/state/prices/us-east-1.json"
    );
    let free = "note: AWS Price List has no On-Demand price in `us-east-1` of `g6.xlarge`";
    assert_eq!(ended.stderr.trim(), free);
    let kept = document(&sandbox);
    assert_eq!(
        kept["on_demand"]["c7g.large"]["usd_per_hour"],
        json!(0.0725)
    );
    assert_eq!(kept["on_demand"]["g6.xlarge"], Value::Null);

    let shown = told(&sandbox, TYPES);
    let expected = [
        ("c7g.large", Some(0.0725)),
        ("c8i.xlarge", Some(0.18742)),
        ("g6.xlarge", Some(0.8048)),
    ];
    check(&shown, &expected);
    let first = &shown["instances"][0];
    assert_eq!(first["on_demand"]["source"], "AWS Price List");
    // The newest of each zone, not the 9 USD of the hour before.
    let zones = document(&sandbox)["spot"]["c7g.large"]["zones"].clone();
    assert_eq!(zones["us-east-1a"], json!(0.001), "{zones:#}");
    assert_eq!(zones["us-east-1b"], json!(0.002), "{zones:#}");
    assert!(
        first["spot"]["source"]
            .as_str()
            .is_some_and(|source| source.contains("zones"))
    );
    assert_eq!(
        shown["instances"][2]["on_demand"]["source"],
        "apache-libcloud 3.9.1"
    );

    // A later one of other types leaves these as they are.
    prices(&sandbox, "refresh c7g.xlarge --region us-east-1").ok();
    let shown = told(&sandbox, "c7g.large c7g.xlarge");
    check(
        &shown,
        &[("c7g.large", Some(0.0725)), ("c7g.xlarge", Some(0.145))],
    );
    let asked = &aws.parameters("DescribeSpotPriceHistory")[1];
    assert_eq!(asked["InstanceType.1"], "c7g.xlarge");
    assert_eq!(asked["ProductDescription.1"], "Linux/UNIX");
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn all_computes_come_in_pages() {
    let (aws, sandbox) = account();
    let summary = told(&sandbox, "refresh");
    assert_eq!(summary["on_demand"], 4, "{summary:#}");
    assert_eq!(summary["fargate"], 2);
    assert!(
        summary["spot"].as_u64().is_some_and(|spot| spot > 100),
        "{summary:#}"
    );
    assert_eq!(summary["failed"], json!([]));
    let notes = summary["notes"].to_string();
    assert!(notes.contains("has no price of Fargate Spot on ARM64"));
    // Two pages of instances, three of Amazon ECS.
    assert_eq!(aws.count("GetProducts"), 5);
    let lots = aws.parameters("DescribeSpotPriceHistory");
    assert!(
        lots.iter().any(|one| one["NextToken"] == "100"),
        "{lots:#?}"
    );
    let asked = &aws.parameters("GetProducts")[0];
    assert_eq!(
        asked["Filters"][0],
        json!({ "Type": "TERM_MATCH", "Field": "regionCode", "Value": "us-east-1" })
    );
    let shown = told(&sandbox, "--compute fargate");
    let price = &shown["fargate"][0]["price"];
    assert_eq!(price["usd_per_vcpu_hour"], 0.04048);
    assert_eq!(price["usd_per_gb_hour"], 0.004_445);
    assert_eq!(price["usd_per_storage_gb_hour"], 0.000_111);
    assert_eq!(shown["fargate"][1]["price"], Value::Null);
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn a_busy_service_is_asked_again() {
    let (aws, sandbox) = account();
    aws.fault(&json!({ "operation": "GetProducts", "times": 2, "status": 400, "code": "ThrottlingException", "message": "Rate exceeded" }));
    aws.fault(&json!({ "operation": "DescribeSpotPriceHistory", "status": 503, "code": "RequestLimitExceeded" }));
    prices(&sandbox, "refresh c7g.large").ok();
    assert_eq!(aws.count("GetProducts"), 3);
    assert_eq!(aws.count("DescribeSpotPriceHistory"), 2);
}

#[test]
fn one_type_that_aws_does_not_know_lost_the_others() {
    let (aws, sandbox) = account();
    let fault = json!({ "operation": "DescribeSpotPriceHistory", "times": 2, "status": 400, "code": "InvalidParameterValue", "message": "Invalid value 'x9.large' for InstanceType" });
    aws.fault(&fault);
    // Both, the first alone, the second alone.
    let ended = prices(&sandbox, "refresh x9.large c7g.large");
    assert!(
        ended
            .ok()
            .stdout
            .starts_with("1 price On-Demand, 1 price of Spot")
    );
    let said =
        "note: Amazon EC2 does not take `x9.large`: the answer is 400: InvalidParameterValue";
    assert!(ended.stderr.contains(said), "{ended}");
    assert!(
        ended
            .stderr
            .contains("no On-Demand price in `us-east-1` of `x9.large`")
    );
    assert!(ended.stderr.contains("note: no compute runs on `x9.large`"));
}

#[test]
fn what_may_not_be_asked_is_said_and_the_rest_is_kept() {
    let (aws, sandbox) = account();
    aws.fault(&json!({ "operation": "DescribeSpotPriceHistory", "status": 403, "code": "UnauthorizedOperation", "message": "You are not authorized to perform this operation." }));
    let ended = prices(&sandbox, "refresh c7g.large");
    let denied = "Spot prices cannot be asked for: the answer is 403: UnauthorizedOperation: You are not authorized to perform this operation. (allow your user or role `ec2:DescribeSpotPriceHistory`)";
    ended.fails(Exit::Input, denied);
    assert_eq!(
        document(&sandbox)["on_demand"]["c7g.large"]["usd_per_hour"],
        json!(0.0725)
    );

    aws.fault(&json!({ "operation": "*", "times": 2, "status": 403, "code": "AccessDeniedException", "message": "no policy allows it" }));
    let ended = prices(&sandbox, "refresh c8i.xlarge");
    ended.fails(
        Exit::Input,
        "(allow your user or role `pricing:GetProducts`)",
    );
    let shown = told(&sandbox, "c7g.large c8i.xlarge");
    check(&shown, &[("c7g.large", Some(0.0725)), ("c8i.xlarge", None)]);
}

#[test]
fn credentials_that_aws_does_not_take() {
    let (aws, sandbox) = account();
    let wrong = |operation: &str, status: u16, code: &str| {
        aws.fault(
            &json!({ "operation": operation, "status": status, "code": code, "message": "no" }),
        );
    };
    wrong("GetProducts", 400, "UnrecognizedClientException");
    wrong("DescribeSpotPriceHistory", 401, "AuthFailure");
    let ended = prices(&sandbox, "refresh c7g.large --json");
    ended.fails(Exit::Input, "On-Demand prices cannot be asked for");
    assert_eq!(ended.error().matches("sign in again").count(), 2, "{ended}");
    assert!(!sandbox.directory("state").join("prices").exists());
}

#[test]
fn nobody_answers() {
    let mut sandbox = Sandbox::new();
    sandbox.set_all([
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ]);
    let ended = prices(&sandbox, "refresh c7g.large");
    ended.fails(Exit::Input, "cannot be reached");
    check(&told(&sandbox, "c7g.large"), &[("c7g.large", Some(0.0775))]);
}

#[test]
fn what_is_wrong_is_one_sentence() {
    let mut sandbox = Sandbox::new();
    let fails = |sandbox: &Sandbox, words: &str, part: &str| {
        let ended = prices(sandbox, words);
        ended.fails(Exit::Rejected, part);
        assert_eq!(ended.stderr.lines().count(), 1, "{ended}");
    };
    fails(
        &sandbox,
        "c7g.large",
        "no AWS Region is known (give --region",
    );
    sandbox.set("AWS_REGION", "us-east-1");
    fails(&sandbox, "--region ../x", "`../x` is no Region");
    fails(&sandbox, "c7g", "`c7g` is no instance type");
    fails(
        &sandbox,
        "c7g.large refresh",
        "`refresh` is no instance type",
    );
    fails(&sandbox, "--region cn-north-1 refresh c5.large", "in yuan");
    fails(&sandbox, "--compute local", "`local` runs on this machine");
    fails(&sandbox, "--compute moon", "moon");
    fails(&sandbox, "refresh --region cn-north-1 c5.large", "in yuan");

    let own = "[backends.arm]\nregion = 'eu-west-1'\n";
    sandbox.write("ffbatch.toml", own);
    let both = "--compute arm --compute intel";
    fails(
        &sandbox,
        both,
        "arm and intel are reached in different ways",
    );
    assert_eq!(told(&sandbox, "--compute arm")["region"], "eu-west-1");
    assert_eq!(told(&sandbox, "")["region"], "us-east-1");
    told(&sandbox, &format!("{both} --region us-east-2"));

    let place = sandbox.directory("state").join("prices");
    std::fs::create_dir(&place).expect("the state directory is writable");
    for (text, why) in [
        ("{", "EOF while parsing"),
        (
            r#"{"version":1,"region":"us-east-1","moon":1}"#,
            "unknown field `moon`",
        ),
        (r#"{"version":2,"region":"us-east-1"}"#, "update ffbatch"),
        (
            r#"{"version":1,"region":"us-east-2"}"#,
            "it is of the Region `us-east-2`",
        ),
    ] {
        std::fs::write(place.join("us-east-1.json"), text).expect("written");
        for verb in ["c5.large", "refresh c5.large"] {
            fails(&sandbox, verb, why);
            fails(
                &sandbox,
                verb,
                "the prices in `[sandbox]/state/prices/us-east-1.json` cannot be used",
            );
            fails(
                &sandbox,
                verb,
                "(remove the file, and make it anew: `ffbatch prices refresh --region us-east-1`)",
            );
        }
    }
}
