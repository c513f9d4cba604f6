//! Identifiers in the shapes that AWS gives them. They are drawn from a fixed seed and one counter for each kind, so that two
//! runs that do the same get the same identifiers and transcripts need no redaction.

use std::collections::BTreeMap;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// Where identifiers come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identifiers {
    drawn: BTreeMap<&'static str, u64>,
}

impl Identifiers {
    /// `d-` and nine upper-case letters and digits.
    pub(crate) fn deployment(&mut self) -> String {
        const LETTERS: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        let bytes = self.draw("deployment");
        let tail = bytes[..9].iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]));
        format!("d-{}", tail.collect::<String>())
    }

    /// `ecs-svc/` and nineteen digits.
    pub(crate) fn task_set(&mut self) -> String {
        let bytes = self.draw("task set");
        let tail = bytes[..18].iter().map(|byte| char::from(b'0' + byte % 10));
        format!("ecs-svc/9{}", tail.collect::<String>())
    }

    /// 32 hexadecimal digits.
    pub(crate) fn task(&mut self) -> String {
        hexadecimal(&self.draw("task")[..16])
    }

    /// A UUID: request ids, invocations, the ids of applications and groups.
    pub(crate) fn uuid(&mut self, kind: &'static str) -> String {
        let drawn = self.drawn.entry(kind).or_default();
        *drawn += 1;
        numbered_uuid(kind, *drawn)
    }

    fn draw(&mut self, kind: &'static str) -> Vec<u8> {
        let drawn = self.drawn.entry(kind).or_default();
        *drawn += 1;
        digest(kind, *drawn)
    }
}

/// The UUID with this number among those of its kind.
pub(crate) fn numbered_uuid(kind: &str, number: u64) -> String {
    let digits = hexadecimal(&digest(kind, number)[..16]);
    format!("{}-{}-4{}-8{}-{}", &digits[..8], &digits[8..12], &digits[13..16], &digits[17..20], &digits[20..])
}

fn digest(kind: &str, number: u64) -> Vec<u8> {
    Sha256::digest(format!("greenlight rehearsal {kind} {number}")).to_vec()
}

/// The id under which a hook reports: base64 of JSON with an encrypted member, 288 characters, and opaque to everyone but the
/// service. It is a function of deployment and event, so that a retry carries the same one.
pub(crate) fn hook_execution(deployment: &str, event: &str) -> String {
    let mut stream = Vec::new();
    for block in 0..4 {
        stream.extend(Sha256::digest(format!("hook execution {deployment} {event} {block}")));
    }
    let (data, vector) = (STANDARD.encode(&stream[..102]), STANDARD.encode(&stream[102..114]));
    STANDARD.encode(format!(r#"{{"encryptedData":"{data}","ivParameterSpec":"{vector}","materialSetSerial":1}}"#))
}

/// Sixteen hexadecimal digits that belong to a name: the tail of an ELBv2 ARN.
pub(crate) fn tail(name: &str) -> String {
    hexadecimal(&Sha256::digest(format!("tail {name}"))[..8])
}

/// Lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes any text");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_1_a_deployment_id_is_d_and_nine_letters_or_digits() {
        let mut identifiers = Identifiers::default();
        let (first, second) = (identifiers.deployment(), identifiers.deployment());
        assert_ne!(first, second);
        for id in [first, second] {
            assert_eq!(id.len(), 11);
            assert!(id.starts_with("d-"));
            assert!(id[2..].chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()), "{id}");
        }
    }

    #[test]
    fn facts_3_a_hook_execution_id_is_288_characters_of_base64_around_json() {
        let id = hook_execution("d-1NNWZG91L", "AfterAllowTestTraffic");
        assert_eq!(id.len(), 288);
        assert!(id.starts_with("eyJlbmNyeXB0ZWREYXRhIjoi"));
        assert_eq!(id, hook_execution("d-1NNWZG91L", "AfterAllowTestTraffic"));
        assert_ne!(id, hook_execution("d-1NNWZG91L", "BeforeAllowTraffic"));
        let inner: serde_json::Value = serde_json::from_slice(&STANDARD.decode(id).unwrap()).unwrap();
        assert_eq!(STANDARD.decode(inner["encryptedData"].as_str().unwrap()).unwrap().len(), 102);
        assert_eq!(STANDARD.decode(inner["ivParameterSpec"].as_str().unwrap()).unwrap().len(), 12);
        assert_eq!(inner["materialSetSerial"], 1);
    }

    #[test]
    fn facts_6_a_task_set_id_is_ecs_svc_and_nineteen_digits() {
        let id = Identifiers::default().task_set();
        assert!(
            id.strip_prefix("ecs-svc/").is_some_and(|tail| tail.len() == 19 && tail.parse::<u64>().is_ok()),
            "{id}"
        );
    }
}
