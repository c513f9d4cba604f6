//! What `GREENLIGHT_PLAN` names. Pure.
//!
//! One variable, so that no two settings can contradict each other. A value of several lines, or one that begins with
//! `version:` or `{`, is the plan itself: no path looks like that.

use std::fmt;

use super::super::aws::ObjectName;

/// Where the plan is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PlanSource {
    /// A path in the function's package.
    Packaged(String),
    /// An object.
    S3(ObjectName),
    /// A configuration profile, through the AppConfig extension.
    AppConfig { application: String, environment: String, configuration: String },
    /// The value itself.
    Inline(String),
}

impl PlanSource {
    /// Reads the variable's value.
    pub(super) fn parse(value: &str) -> Result<Self, String> {
        let value = value.trim();
        if value.contains('\n') || value.starts_with("version:") || value.starts_with('{') {
            return Ok(Self::Inline(value.to_owned()));
        }
        let Some((scheme, rest)) = value.split_once("://") else { return Ok(Self::Packaged(value.to_owned())) };
        let parts: Vec<&str> = rest.split('/').collect();
        match (scheme, &parts[..]) {
            ("s3", [bucket, key @ ..]) if !bucket.is_empty() && key.iter().any(|part| !part.is_empty()) => {
                let key = key.join("/");
                if parts.iter().any(|part| matches!(*part, "." | "..")) {
                    return Err(format!("{value:?} has \".\" or \"..\" in its key"));
                }
                Ok(Self::S3(ObjectName { bucket: (*bucket).to_owned(), key }))
            }
            ("s3", _) => Err(format!("{value:?} is no object; expected s3://bucket/key")),
            ("appconfig", [application, environment, configuration]) if parts.iter().all(|part| is_segment(part)) => {
                Ok(Self::AppConfig {
                    application: (*application).to_owned(),
                    environment: (*environment).to_owned(),
                    configuration: (*configuration).to_owned(),
                })
            }
            ("appconfig", _) => Err(format!(
                "{value:?} is no configuration; expected appconfig://application/environment/configuration"
            )),
            _ => Err(format!(
                "{value:?} is of an unknown kind {scheme:?}; expected a path in the package, s3://bucket/key, \
                 appconfig://application/environment/configuration, or the plan itself"
            )),
        }
    }

    /// Whether the files beside the plan are in the function's package.
    pub(super) fn is_local(&self) -> bool {
        !matches!(self, Self::S3(_))
    }

    /// The object beside a plan in S3: under the same prefix, and nowhere else.
    pub(super) fn beside(&self, file: &str) -> Result<ObjectName, String> {
        let Self::S3(plan) = self else { return Err("the plan is not in S3".to_owned()) };
        let file = relative(file)?;
        let folder = plan.key.rsplit_once('/').map_or("", |(folder, _)| folder);
        let key = if folder.is_empty() { file.to_owned() } else { format!("{folder}/{file}") };
        Ok(ObjectName { bucket: plan.bucket.clone(), key })
    }
}

/// The path of a file beside the plan, without a way out of its folder.
pub(super) fn relative(file: &str) -> Result<&str, String> {
    let file = file.strip_prefix("./").unwrap_or(file);
    if file.split('/').any(|part| matches!(part, "" | "." | "..")) || file.contains('\\') {
        return Err(format!("{file:?} is not a path below the plan's folder"));
    }
    Ok(file)
}

/// What needs no encoding in a URL's path; AppConfig's names and ids are made of it, blanks apart.
fn is_segment(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|each| each.is_ascii_alphanumeric() || " ._-".contains(each))
}

impl fmt::Display for PlanSource {
    /// As messages and the evidence name it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Packaged(path) => f.write_str(path),
            Self::S3(object) => object.fmt(f),
            Self::AppConfig { application, environment, configuration } => {
                write!(f, "appconfig://{application}/{environment}/{configuration}")
            }
            Self::Inline(_) => f.write_str("GREENLIGHT_PLAN"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_value_is_told_apart_and_named_as_it_was_written() {
        for value in
            ["checks.yaml", "plans/shop.yaml", "s3://plans/shop/checks.yaml", "appconfig://shop/prod env/checks"]
        {
            assert_eq!(PlanSource::parse(value).unwrap().to_string(), value);
        }
        for inline in
            ["version: 1\nchecks: []", "{\"version\": 1}", "version: 1", "# mine\nversion: 1", "\nversion: 1\n"]
        {
            let source = PlanSource::parse(inline).unwrap();
            assert_eq!(source, PlanSource::Inline(inline.trim().to_owned()));
            assert_eq!(source.to_string(), "GREENLIGHT_PLAN");
        }
    }

    #[test]
    fn a_value_that_names_nothing_says_what_was_expected() {
        for (value, said) in [
            ("s3://plans", "expected s3://bucket/key"),
            ("s3:///key", "expected s3://bucket/key"),
            ("s3://plans/", "expected s3://bucket/key"),
            ("s3://plans/a/../b", "has \".\" or \"..\" in its key"),
            ("appconfig://shop/prod", "expected appconfig://application/environment/configuration"),
            ("appconfig://shop/prod/a/b", "expected appconfig://application/environment/configuration"),
            ("appconfig://shop/prod/a?b", "expected appconfig://application/environment/configuration"),
            ("https://example.com/checks.yaml", "unknown kind \"https\"; expected a path in the package"),
        ] {
            let error = PlanSource::parse(value).unwrap_err();
            assert!(error.contains(said), "{value}: {error}");
        }
    }

    #[test]
    fn a_file_is_beside_its_plan_and_nowhere_else() {
        let plan = PlanSource::parse("s3://plans/shop/checks.yaml").unwrap();
        assert_eq!(plan.beside("schemas/product.json").unwrap().to_string(), "s3://plans/shop/schemas/product.json");
        assert_eq!(plan.beside("./ca.pem").unwrap().to_string(), "s3://plans/shop/ca.pem");
        assert_eq!(
            PlanSource::parse("s3://plans/checks.yaml").unwrap().beside("ca.pem").unwrap().to_string(),
            "s3://plans/ca.pem"
        );
        for file in ["../secret", "/etc/passwd", "a//b", "a/../../b", ""] {
            let error = plan.beside(file).unwrap_err();
            assert!(error.contains("is not a path below the plan's folder"), "{file}: {error}");
        }
    }
}
