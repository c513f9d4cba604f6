//! Every kind of difference, as a table over two bodies; what is said is what a person reads.

use http::{HeaderValue, StatusCode};
use proptest::prelude::*;
use serde_json_path::JsonPath;

use super::super::noise::Noise;
use super::*;

fn answer(status: u16, body: &[u8]) -> Answer {
    Answer {
        version: http::Version::HTTP_11,
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: body.to_vec(),
        took: std::time::Duration::from_millis(1),
    }
}

fn rules(ignore: &[&str], unordered: &[&str]) -> ResponseRules {
    let paths = |paths: &[&str]| paths.iter().map(|path| JsonPath::parse(path).unwrap()).collect();
    ResponseRules { ignore: paths(ignore), unordered: paths(unordered), ..ResponseRules::default() }
}

fn said(rules: &ResponseRules, blue: &str, green: &str) -> Vec<String> {
    between(rules, &answer(200, blue.as_bytes()), &answer(200, green.as_bytes()))
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn every_difference_has_a_type_a_path_and_both_values() {
    let table: &[(&str, &str, &[&str])] = &[
        (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#, &[]),
        (r#"{"a":1}"#, r#"{"a":1.0}"#, &[]),
        (r#"{"a":1}"#, "{ \"a\" : 1 }", &[]),
        (r#"{"price":9.5}"#, "{}", &["$.price is missing: expected 9.5 as in blue, got nothing"]),
        ("{}", r#"{"debug":{"a":[1]}}"#, &[r#"$.debug is extra: expected nothing as in blue, got {"a":[1]}"#]),
        (
            r#"{"price":9.5}"#,
            r#"{"price":"9.50"}"#,
            &[r#"$.price differs in type: expected 9.5 (number) as in blue, got "9.50" (string)"#],
        ),
        (r#"{"a":{"b":1}}"#, r#"{"a":{"b":2}}"#, &["$.a.b differs in value: expected 1 as in blue, got 2"]),
        (
            r#"{"a":null}"#,
            r#"{"a":false}"#,
            &["$.a differs in type: expected null (null) as in blue, got false (boolean)"],
        ),
        (r#"{"a":true}"#, r#"{"a":false}"#, &["$.a differs in value: expected true as in blue, got false"]),
        (r#"["a","b"]"#, r#"["b","a"]"#, &[r#"$ differs in order: expected ["a","b"] as in blue, got ["b","a"]"#]),
        (r#"{"a":[1,2,3]}"#, r#"{"a":[0,1,2,3]}"#, &["$.a[0] is extra: expected nothing as in blue, got 0"]),
        (r#"{"a":[1,2,3]}"#, r#"{"a":[1,3]}"#, &["$.a[1] is missing: expected 2 as in blue, got nothing"]),
        (
            r#"{"a":[{"id":1},{"id":2}]}"#,
            r#"{"a":[{"id":1},{"id":7}]}"#,
            &["$.a[1].id differs in value: expected 2 as in blue, got 7"],
        ),
        (
            r#"{"it's":{"a b":1}}"#,
            r#"{"it's":{"a b":2}}"#,
            &["$['it\\'s']['a b'] differs in value: expected 1 as in blue, got 2"],
        ),
        ("plain", "plain", &[]),
        (
            "one\ntwo three\n",
            "one\ntwo four\n",
            &[r#"body, line 2, column 5 differs in value: expected "two three" as in blue, got "two four""#],
        ),
        ("äb", "äc", &[r#"body, line 1, column 2 differs in value: expected "äb" as in blue, got "äc""#]),
        ("one", "", &[r#"body, line 1, column 1 differs in value: expected "one" as in blue, got its end"#]),
        (
            r#"{"a":1}"#,
            "oh",
            &["body differs in type: expected JSON as in blue, got 2 bytes of no declared type that are no JSON"],
        ),
    ];
    for (blue, green, expected) in table {
        assert_eq!(said(&ResponseRules::default(), blue, green), *expected, "{blue} and {green}");
    }
}

#[test]
fn what_is_ignored_is_not_looked_at_and_leaves_the_rest_in_its_place() {
    let rules = rules(&["$.at", "$.items[*].at", "$.items[0]"], &[]);
    let blue = r#"{"at":1,"items":[{"id":1},{"id":2,"at":5}]}"#;
    assert_eq!(said(&rules, blue, r#"{"at":"later","items":[7,{"id":2,"at":6}]}"#), [""; 0]);
    assert_eq!(said(&rules, blue, r#"{"items":[{"id":1},{"id":2}]}"#), [""; 0]);
    assert_eq!(
        said(&rules, blue, r#"{"at":1,"items":[{"id":1},{"id":3,"at":6}]}"#),
        ["$.items[1].id differs in value: expected 2 as in blue, got 3"]
    );
}

#[test]
fn a_list_without_order_is_a_bag_whose_elements_are_matched_to_the_nearest() {
    let rules = rules(&["$.items[*].at"], &["$.items", "$.items[*].tags"]);
    let blue = r#"{"items":[{"id":1,"name":"a","at":1,"tags":["x","y"]},{"id":2,"name":"b","at":2,"tags":[]}]}"#;
    let green = |two: &str| {
        format!(
            r#"{{"items":[{{"id":2,"name":{two},"at":3,"tags":[]}},{{"id":1,"name":"a","at":4,"tags":["y","x"]}}]}}"#
        )
    };
    assert_eq!(said(&rules, blue, &green("\"b\"")), [""; 0]);
    assert_eq!(
        said(&rules, blue, &green("\"c\"")),
        [r#"$.items[1].name differs in value: expected "b" as in blue, got "c""#]
    );
    assert_eq!(
        said(&rules, r#"{"items":[1,1,2]}"#, r#"{"items":[2,1]}"#),
        ["$.items[1] is missing: expected 1 as in blue, got nothing"]
    );
    assert_eq!(
        said(&rules, r#"{"items":[1]}"#, r#"{"items":[3,1]}"#),
        ["$.items[0] is extra: expected nothing as in blue, got 3"]
    );
}

#[test]
fn statuses_and_named_headers_are_compared() {
    let found = between(&ResponseRules::default(), &answer(200, b"a"), &answer(404, b"b"));
    let said: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(said, ["status differs in value: expected 200 as in blue, got 404"]);

    let with = |pairs: &[(&'static str, &str)]| {
        let mut answer = answer(200, b"");
        for (name, value) in pairs {
            answer.headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        answer
    };
    let names = ["content-type", "x-a", "x-b"].map(HeaderName::from_static).into();
    let rules = ResponseRules { headers: names, ..ResponseRules::default() };
    let blue = with(&[("content-type", "text/html"), ("x-a", "1"), ("x-a", "2"), ("server", "one")]);
    let green = with(&[("content-type", "text/plain"), ("x-b", "3"), ("server", "two")]);
    let said: Vec<String> = between(&rules, &blue, &green).iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            r#"header content-type differs in value: expected "text/html" as in blue, got "text/plain""#,
            r#"header x-a is missing: expected "1, 2" as in blue, got nothing"#,
            r#"header x-b is extra: expected nothing as in blue, got "3""#,
        ]
    );
}

#[test]
fn bytes_that_are_no_text_are_compared_as_bytes() {
    let found = between(&ResponseRules::default(), &answer(200, b"\xff\x01a"), &answer(200, b"\xff\x01b"));
    assert_eq!(found[0].to_string(), r#"body, byte 2 differs in value: expected "a" as in blue, got "b""#);
}

#[test]
fn two_documents_with_nothing_in_common_are_told_of_up_to_a_bound() {
    let list = |from: usize| serde_json::to_string(&(from..from + 1_000).collect::<Vec<_>>()).unwrap();
    assert_eq!(said(&ResponseRules::default(), &list(0), &list(5_000)).len(), MOST);
}

#[test]
fn noise_is_of_a_kind_and_a_changing_type_covers_what_is_below() {
    let rules = ResponseRules::default();
    let found =
        |blue: &str, green: &str| between(&rules, &answer(200, blue.as_bytes()), &answer(200, green.as_bytes()));
    let mut noise = Noise::default();
    noise.learn(&found(r#"{"at":1,"l":[{"id":1}],"n":null}"#, r#"{"at":2,"l":[{"id":2}],"n":{},"x":1}"#));
    for (blue, green, covered) in [
        (r#"{"at":3}"#, r#"{"at":4}"#, true),
        (r#"{"at":3}"#, r#"{"at":"4"}"#, false),
        (r#"{"at":3}"#, "{}", false),
        (r#"{"x":3}"#, "{}", true),
        (r#"{"l":[0,{"id":3}]}"#, r#"{"l":[0,{"id":4}]}"#, true),
        (r#"{"l":[{"id":3},4]}"#, r#"{"l":[{"id":3},5]}"#, false),
        (r#"{"n":{"a":1}}"#, r#"{"n":{"a":2}}"#, true),
        (r#"{"nn":1}"#, r#"{"nn":2}"#, false),
        ("one", "two", false),
    ] {
        let found = found(blue, green);
        assert_eq!(found.iter().all(|difference| noise.covers(difference)), covered, "{blue} and {green}: {found:?}");
    }
    let seen: Vec<(&str, Kind, u32)> = noise.seen().collect();
    assert_eq!(
        seen,
        [("$.at", Kind::Value, 1), ("$.l[*].id", Kind::Value, 1), ("$.n", Kind::Type, 1), ("$.x", Kind::Missing, 1)]
    );
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..3).prop_map(Value::from),
        "[ab]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c]", inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_body_never_differs_from_itself_and_always_from_another(blue in json(), green in json()) {
        let (blue_text, green_text) = (blue.to_string(), green.to_string());
        prop_assert!(said(&ResponseRules::default(), &blue_text, &serde_json::to_string_pretty(&blue).unwrap()).is_empty());
        prop_assert_eq!(said(&ResponseRules::default(), &blue_text, &green_text).is_empty(), blue == green);
    }

    #[test]
    fn missing_in_one_direction_is_extra_in_the_other(blue in json(), green in json()) {
        let count = |one: &Value, other: &Value, kind: Kind| {
            let (one, other) = (one.to_string(), other.to_string());
            let found = between(&ResponseRules::default(), &answer(200, one.as_bytes()), &answer(200, other.as_bytes()));
            found.iter().filter(|difference| difference.kind == kind).count()
        };
        prop_assert_eq!(count(&blue, &green, Kind::Missing), count(&green, &blue, Kind::Extra));
        prop_assert_eq!(count(&blue, &green, Kind::Type), count(&green, &blue, Kind::Type));
    }

    #[test]
    fn a_list_without_order_equals_every_order_of_it(values in prop::collection::vec(json(), 0..6), by in 0_usize..6) {
        let mut turned = values.clone();
        turned.rotate_left(by.min(values.len()));
        let text = |values: Vec<Value>| Value::from(values).to_string();
        prop_assert!(said(&rules(&[], &["$"]), &text(values), &text(turned)).is_empty());
    }
}
