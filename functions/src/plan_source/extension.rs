//! Lambda extensions that serve the function on loopback: AppConfig's, and the one for parameters and secrets. They answer
//! from their own cache or fetch with the function's role; nothing here is cached.

use std::time::Duration;

use serde_json::Value;

use crate::environment::{Environment, SecretStore};
use crate::web::{self, NoAnswer};

/// An extension fetches on the first call.
const ATTEMPT: Duration = Duration::from_secs(10);
/// Secrets Manager's own limit is 64 KiB; the envelope and its escapes come on top.
const LARGEST_SECRET: usize = 256 * 1024;

/// One of them.
#[derive(Debug)]
pub(super) struct Extension {
    name: &'static str,
    base: String,
    client: reqwest::Client,
    token: Option<String>,
    store: SecretStore,
}

impl Extension {
    /// The AppConfig agent.
    pub(super) fn app_config(environment: &Environment) -> Result<Self, String> {
        let port = environment.app_config_port();
        Self::at("AppConfig", port, None, SecretStore::SecretsManager)
    }

    /// The parameters and secrets extension; which of the two stores it asks, the environment says.
    pub(super) fn secrets(environment: &Environment) -> Result<Self, String> {
        let store = environment.secret_store().ok_or("GREENLIGHT_SECRETS is not set")??;
        let token = environment.get("AWS_SESSION_TOKEN").map(str::to_owned);
        Self::at("Parameters and Secrets", environment.secrets_port(), token, store)
    }

    fn at(name: &'static str, port: &str, token: Option<String>, store: SecretStore) -> Result<Self, String> {
        if port.parse::<u16>().is_err() {
            return Err(format!("{port:?} is not the port of the {name} extension"));
        }
        let client = web::client(false, ATTEMPT)?;
        Ok(Self { name, base: format!("http://localhost:{port}"), client, token, store })
    }

    /// The deployed document of a configuration profile.
    pub(super) async fn configuration(
        &self,
        application: &str,
        environment: &str,
        configuration: &str,
        limit: usize,
    ) -> Result<Vec<u8>, String> {
        let path = format!("/applications/{application}/environments/{environment}/configurations/{configuration}");
        self.get(&path.replace(' ', "%20"), &[], limit).await
    }

    /// The value of a secret, or of a parameter.
    pub(super) async fn secret(&self, name: &str) -> Result<String, String> {
        let (path, query, value) = match self.store {
            SecretStore::SecretsManager => ("/secretsmanager/get", vec![("secretId", name)], "/SecretString"),
            SecretStore::ParameterStore => {
                ("/systemsmanager/parameters/get", vec![("name", name), ("withDecryption", "true")], "/Parameter/Value")
            }
        };
        let body = self.get(path, &query, LARGEST_SECRET).await?;
        let answer: Value = serde_json::from_slice(&body).map_err(|_| format!("{} answered no JSON", self.named()))?;
        answer.pointer(value).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| {
            format!(
                "{} answered without {}; a binary secret cannot be used",
                self.named(),
                &value[1..].replace('/', ".")
            )
        })
    }

    async fn get(&self, path: &str, query: &[(&str, &str)], limit: usize) -> Result<Vec<u8>, String> {
        let mut url = reqwest::Url::parse(&format!("{}{path}", self.base)).map_err(|error| error.to_string())?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.client.get(url);
        if let Some(token) = &self.token {
            request = request.header("x-aws-parameters-secrets-token", token);
        }
        let answer = web::send(request, limit).await.map_err(|error| match error {
            NoAnswer::TooLarge { .. } => error.to_string(),
            NoAnswer::Unreachable(why) => {
                format!("{} is not there ({why}); add its layer to the function, or set its port", self.named())
            }
        })?;
        if answer.status == 200 {
            return Ok(answer.body);
        }
        // An error is a short text of the extension's; what it says of a secret is its name.
        let said: String = String::from_utf8_lossy(&answer.body).chars().take(300).collect();
        Err(format!("{} answered HTTP {}: {}", self.named(), answer.status, said.trim()))
    }

    fn named(&self) -> String {
        format!("the {} extension at {}", self.name, self.base)
    }
}
