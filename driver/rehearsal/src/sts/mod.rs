//! STS, as far as a client asks who it is.

use crate::elbv2::xml::Xml;
use crate::names::ACCOUNT;
use crate::refusal::Refusal;

/// The XML namespace of the answers.
pub(crate) const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// What there is.
pub(crate) const OPERATIONS: [&str; 1] = ["GetCallerIdentity"];

/// Answer one call with its XML.
pub(crate) fn answer(operation: &str, request: &str) -> Result<String, Refusal> {
    if operation != "GetCallerIdentity" {
        return Err(Refusal::not_implemented("InvalidAction", "STS", operation, &OPERATIONS));
    }
    Ok(Xml::answer(operation, NAMESPACE, request, |xml| {
        xml.value("Arn", format!("arn:aws:iam::{ACCOUNT}:user/rehearsal"))
            .value("UserId", "AIDAREHEARSALREHEARS")
            .value("Account", ACCOUNT)
    }))
}
