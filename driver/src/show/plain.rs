//! A line for each change, for logs. Nothing is taken back, and waiting prints nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::block;
use super::paint::Paint;
use super::words;
use crate::decide::view::{Fact, Mark, Row, View};

/// What was said already.
#[derive(Debug, Default)]
pub struct Plain {
    said_heading: bool,
    said: BTreeMap<String, (Mark, String)>,
}

impl Plain {
    /// The lines that this view adds.
    pub fn lines(&mut self, view: &View, now: Timestamp) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.said_heading {
            self.said_heading = true;
            lines.push(words::heading(&view.heading));
        }
        for row in view.rows.iter().filter(|row| row.mark != Mark::Pending && row.mark != Mark::Skipped) {
            let said = (row.mark.clone(), content(row));
            let before = self.said.insert(row.name.clone(), said.clone());
            if before.as_ref() == Some(&said) {
                continue;
            }
            let ended = before.is_some_and(|(mark, _)| mark == row.mark && mark != Mark::Running);
            let text = if ended { addition(row) } else { block::row(&without_took_at_start(row), Paint::off()) };
            lines.push(format!("{}  {text}", now.strftime("%H:%M:%S")));
        }
        lines
    }
}

/// What makes a row worth another line: not the time that passes.
fn content(row: &Row) -> String {
    match &row.fact {
        Fact::Traffic { percent, .. } => words::bar(*percent),
        Fact::OriginalEndsIn(_) => String::new(),
        // Afterwards the tasks come and go for other reasons.
        Fact::Tasks { .. } if row.mark != Mark::Running => String::new(),
        Fact::Nothing
        | Fact::Tasks { .. }
        | Fact::TestTraffic
        | Fact::Function(_)
        | Fact::Checked { .. }
        | Fact::WaitsForApproval { .. }
        | Fact::WaitsForPerson => words::fact(&row.fact, &row.mark),
    }
}

/// What became known of a row that had ended before, as a hook's evidence.
fn addition(row: &Row) -> String {
    format!("     {:22}            {}", row.name, words::fact(&row.fact, &row.mark))
}

fn without_took_at_start(row: &Row) -> Row {
    let short = row.took.is_some_and(|took| took.as_millis() < 100);
    let took = if row.mark == Mark::Running && short { None } else { row.took };
    Row { took, ..row.clone() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap as Map;
    use std::time::Duration;

    use super::*;
    use crate::decide::schedule::Shift;
    use crate::decide::view::Heading;

    #[test]
    fn a_change_is_one_line_and_the_passing_of_time_is_none() {
        let traffic = |percent, left| Row {
            mark: Mark::Running,
            name: "AllowTraffic".to_owned(),
            took: Some(Duration::from_secs(130)),
            fact: Fact::Traffic { percent, next: Some((100.0 - percent, Duration::from_secs(left))) },
        };
        let view = |row| View {
            heading: Heading {
                service: "shop".to_owned(),
                deployment_id: "d-1".to_owned(),
                group: "dg".to_owned(),
                versions: None,
                shift: Shift::AllAtOnce,
                deadline: None,
                hooks: Map::new(),
                evidence: None,
            },
            status: None,
            rows: vec![row],
        };
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let mut plain = Plain::default();
        assert_eq!(
            plain.lines(&view(traffic(10.0, 170)), now),
            [
                "shop  d-1  dg  all at once",
                "08:00:00  >>   AllowTraffic             2m 10s   [#.........] 10 %   90 % more in 2m 50s"
            ]
        );
        assert!(plain.lines(&view(traffic(10.0, 100)), now).is_empty());
        assert_eq!(plain.lines(&view(traffic(20.0, 60)), now).len(), 1);
    }
}
