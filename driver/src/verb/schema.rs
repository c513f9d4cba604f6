//! `greenlight schema`: the JSON Schemas of the documents that people write and programs read. It reads nothing.

use serde_json::{Map, Value};

use crate::configuration;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::show::Printer;

/// A document with a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// The check plan.
    Checks,
    /// What a hook execution leaves behind.
    Evidence,
    /// `greenlight.yaml`.
    Config,
    /// What `greenlight rehearse` plays.
    Scenario,
    /// What a deployment came to.
    Report,
}

/// Prints the schema.
pub fn run(document: Document, printer: &mut Printer) -> Result<Exit, Failure> {
    let schema = schema(document)?;
    printer.document(&headed(schema));
    Ok(Exit::Succeeded)
}

/// What it is comes first, for whoever opens the file.
fn headed(mut schema: Value) -> Value {
    let mut headed = Map::new();
    if let Some(schema) = schema.as_object_mut() {
        for keyword in ["$schema", "title", "description"] {
            headed.extend(schema.remove(keyword).map(|value| (keyword.to_owned(), value)));
        }
        headed.append(schema);
    }
    Value::Object(headed)
}

fn schema(document: Document) -> Result<Value, Failure> {
    match document {
        Document::Checks => Ok(greenlight_checks::schema::checks()),
        Document::Evidence => Ok(greenlight_checks::schema::evidence()),
        Document::Config => Ok(configuration::schema()),
        #[cfg(feature = "rehearse")]
        Document::Scenario => {
            Ok(greenlight_checks::schema::written(greenlight_rehearsal::scenario::schema()).to_value())
        }
        #[cfg(not(feature = "rehearse"))]
        Document::Scenario => Err(Failure::Unfit(
            "there is no schema of scenarios: this greenlight is built without the rehearsal".to_owned(),
        )),
        Document::Report => Ok(crate::show::report::document::schema()),
    }
}
