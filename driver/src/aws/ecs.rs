//! ECS: the service with its task sets, and task definitions as JSON.

use aws_sdk_ecs::types::TaskSet;
use serde_json::{Value, json};

use super::Aws;
use super::error::{AwsError, ErrorKind, translate};
use super::verbatim::Verbatim;
use crate::decide::doctor::facts::Standing;

/// A service that CodeDeploy controls.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its cluster's name.
    pub cluster: String,
    /// The deployment controller's type, as it came.
    pub controller: String,
    /// `ACTIVE`, `DRAINING`, `INACTIVE`.
    pub status: String,
    /// The task definition that serves production: the PRIMARY task set's, else the service's.
    pub task_definition: Option<String>,
    /// The deployment that made the PRIMARY task set; the first one was made with the service.
    pub deployment: Option<String>,
    /// Container and port behind the load balancer now.
    pub load_balancer: Option<(String, u16)>,
    /// How it stands.
    pub standing: Standing,
    /// Task definitions of the task sets, by task set id.
    pub task_sets: Vec<(String, String)>,
}

impl Aws {
    /// `DescribeServices` for one service.
    pub async fn service(&self, cluster: &str, service: &str) -> Result<Service, AwsError> {
        let operation = "ecs:DescribeServices";
        let answer = self
            .ecs
            .describe_services()
            .cluster(cluster)
            .services(service)
            .send()
            .await
            .map_err(|error| translate(operation, error))?;
        let Some(found) = answer.services().first() else {
            let reason = answer.failures().first().and_then(|failure| failure.reason()).unwrap_or("no such service");
            return Err(AwsError {
                operation,
                kind: ErrorKind::NotFound,
                code: None,
                text: format!("service {service:?} in cluster {cluster:?}: {reason}"),
            });
        };
        let primary = found.task_sets().iter().find(|set| set.status() == Some("PRIMARY"));
        let load_balancer = primary
            .and_then(|set| set.load_balancers().first())
            .or_else(|| found.load_balancers().first())
            .and_then(|entry| Some((entry.container_name()?.to_owned(), u16::try_from(entry.container_port()?).ok()?)));
        Ok(Service {
            name: found.service_name().unwrap_or(service).to_owned(),
            cluster: cluster.to_owned(),
            controller: found
                .deployment_controller()
                .map(|controller| controller.r#type().as_str().to_owned())
                .unwrap_or_else(|| "ECS".to_owned()),
            status: found.status().unwrap_or_default().to_owned(),
            task_definition: primary
                .and_then(|set| set.task_definition())
                .or_else(|| found.task_definition())
                .map(str::to_owned),
            deployment: primary.and_then(|set| set.external_id()).filter(|id| !id.is_empty()).map(str::to_owned),
            load_balancer,
            standing: standing(found, primary),
            task_sets: found
                .task_sets()
                .iter()
                .filter_map(|set| Some((set.id()?.to_owned(), set.task_definition()?.to_owned())))
                .collect(),
        })
    }

    /// `DescribeTaskDefinition` with tags: the whole answer as JSON. `None` when the family has no active revision.
    pub async fn task_definition(&self, name: &str) -> Result<Option<Value>, AwsError> {
        let operation = "ecs:DescribeTaskDefinition";
        let verbatim = Verbatim::default();
        let answer = self
            .ecs
            .describe_task_definition()
            .task_definition(name)
            .include(aws_sdk_ecs::types::TaskDefinitionField::Tags)
            .customize()
            .interceptor(verbatim.clone())
            .send()
            .await
            .map_err(|error| translate(operation, error));
        match answer {
            Ok(_) => match verbatim.received() {
                Some(document) => Ok(Some(document)),
                None => Err(unreadable(operation)),
            },
            // ECS says ClientException ("Unable to describe task definition.") for a family that it does not know.
            Err(error) if error.code.as_deref() == Some("ClientException") => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn standing(service: &aws_sdk_ecs::types::Service, primary: Option<&TaskSet>) -> Standing {
    let strategy = match primary {
        Some(set) => set.capacity_provider_strategy(),
        None => service.capacity_provider_strategy(),
    };
    Standing {
        desired: service.desired_count(),
        target_group: primary
            .and_then(|set| set.load_balancers().iter().find_map(|entry| entry.target_group_arn()))
            .map(str::to_owned),
        capacity_providers: strategy.iter().map(|item| item.capacity_provider().to_owned()).collect(),
    }
}

pub(super) fn unreadable(operation: &'static str) -> AwsError {
    let text = "the answer is not what the service's model says".to_owned();
    AwsError { operation, kind: ErrorKind::Refused, code: None, text }
}

/// The body of a `DescribeTaskDefinition` answer as one document, its tags inside.
pub fn with_tags(answer: Value) -> Value {
    let mut definition = answer.get("taskDefinition").cloned().unwrap_or_else(|| json!({}));
    if let Some(tags) = answer.get("tags").filter(|tags| tags.as_array().is_some_and(|tags| !tags.is_empty())) {
        definition["tags"] = tags.clone();
    }
    definition
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::super::Connection;
    use super::*;

    /// Answers one request with this body and keeps what it got.
    async fn one_answer(body: &'static str) -> (String, Arc<Mutex<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let got = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&got);
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            loop {
                let read = stream.read(&mut buffer).await.unwrap();
                request.extend_from_slice(&buffer[..read]);
                let text = String::from_utf8_lossy(&request).into_owned();
                let Some((head, rest)) = text.split_once("\r\n\r\n") else { continue };
                let length = head
                    .lines()
                    .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok());
                if rest.len() >= length.unwrap_or(0) {
                    *kept.lock().unwrap() = rest.to_owned();
                    break;
                }
            }
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\n";
            let answer = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        (endpoint, got)
    }

    async fn aws(endpoint: String) -> Aws {
        let region = Some("us-east-1".to_owned());
        Aws::connect(&Connection { endpoint: Some(endpoint), region, stand_in: true, ..Connection::default() })
            .await
            .expect("no profile is named")
    }

    #[tokio::test]
    async fn a_field_that_the_sdk_does_not_know_reaches_the_service() {
        let (endpoint, got) = one_answer(r#"{"taskDefinition":{"taskDefinitionArn":"arn:x:1"}}"#).await;
        let definition =
            json!({"family": "shop", "containerDefinitions": [{"name": "web", "brandNew": {"deep": [1]}}]});
        let arn = aws(endpoint).await.register_task_definition(&definition).await.unwrap();
        assert_eq!(arn, "arn:x:1");
        assert_eq!(serde_json::from_str::<Value>(&got.lock().unwrap()).unwrap(), definition);
    }

    #[tokio::test]
    async fn a_field_that_the_sdk_does_not_know_is_read_back() {
        let body = r#"{"taskDefinition":{"family":"shop","brandNew":7},"tags":[{"key":"a","value":"b"}]}"#;
        let (endpoint, _) = one_answer(body).await;
        let answer = aws(endpoint).await.task_definition("shop").await.unwrap().unwrap();
        assert_eq!(with_tags(answer), json!({"family": "shop", "brandNew": 7, "tags": [{"key": "a", "value": "b"}]}));
    }
}
