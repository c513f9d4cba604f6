//! The platform's own log lines around an invocation, in Lambda's words (aws-facts.md §9). It formats and decides nothing.

use std::time::Duration;

use jiff::Timestamp;

/// `START RequestId: … Version: $LATEST`
pub(super) fn start(invocation: &str) -> String {
    format!("START RequestId: {invocation} Version: $LATEST")
}

/// `END RequestId: …`
pub(super) fn end(invocation: &str) -> String {
    format!("END RequestId: {invocation}")
}

/// What a `REPORT` line tells.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub(super) invocation: &'a str,
    pub(super) duration: Duration,
    /// The function's memory, in MB.
    pub(super) memory: u32,
    /// In MB; the field is left out where the system does not tell.
    pub(super) used: Option<u64>,
    /// Only for the first invocation of a sandbox.
    pub(super) init: Option<Duration>,
}

impl Report<'_> {
    /// `REPORT RequestId: …`, tab-separated, with a tab at the end.
    pub(super) fn line(&self) -> String {
        let milliseconds = self.duration.as_secs_f64() * 1000.0;
        let mut line = format!(
            "REPORT RequestId: {}\tDuration: {milliseconds:.2} ms\tBilled Duration: {:.0} ms\tMemory Size: {} MB\t",
            self.invocation,
            milliseconds.ceil(),
            self.memory
        );
        if let Some(used) = self.used {
            line.push_str(&format!("Max Memory Used: {used} MB\t"));
        }
        if let Some(init) = self.init {
            line.push_str(&format!("Init Duration: {:.2} ms\t", init.as_secs_f64() * 1000.0));
        }
        line
    }
}

/// `<time> <request id> Task timed out after 3.00 seconds`
pub(super) fn timed_out(at: Timestamp, invocation: &str, timeout: Duration) -> String {
    format!("{at:.3} {invocation} Task timed out after {:.2} seconds", timeout.as_secs_f64())
}

/// `RequestId: … Error: Runtime exited with error: exit status 1`
pub(super) fn exited(invocation: &str, error: Option<&str>) -> String {
    match error {
        Some(error) => format!("RequestId: {invocation} Error: Runtime exited with error: {error}"),
        None => format!("RequestId: {invocation} Error: Runtime exited without providing a reason"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_line_is_lambdas() {
        let report = Report {
            invocation: "0b8f",
            duration: Duration::from_micros(79_671),
            memory: 128,
            used: Some(73),
            init: Some(Duration::from_micros(203_690)),
        };
        assert_eq!(
            report.line(),
            "REPORT RequestId: 0b8f\tDuration: 79.67 ms\tBilled Duration: 80 ms\tMemory Size: 128 MB\t\
             Max Memory Used: 73 MB\tInit Duration: 203.69 ms\t"
        );
    }

    #[test]
    fn a_timeout_is_told_in_lambdas_words() {
        let at: Timestamp = "2026-08-09T10:11:12.5Z".parse().unwrap();
        assert_eq!(
            timed_out(at, "0b8f", Duration::from_secs(10)),
            "2026-08-09T10:11:12.500Z 0b8f Task timed out after 10.00 seconds"
        );
    }

    #[test]
    fn an_exit_is_told_in_lambdas_words() {
        let text = "RequestId: 0b8f Error: Runtime exited with error: exit status 1";
        assert_eq!(exited("0b8f", Some("exit status 1")), text);
    }
}
