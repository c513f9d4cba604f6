//! The adapters: SDK types come in here and end here. They decide nothing; they translate and ask.

pub mod aftermath;
mod alarms;
pub mod cloudwatch;
pub mod codedeploy;
pub mod creating;
pub mod directing;
pub mod discovery;
pub mod ecs;
pub mod error;
mod evidence;
mod functions;
pub mod group;
mod images;
pub mod load_balancer;
pub mod logs;
mod objects;
mod past;
pub mod permissions;
mod removing;
pub mod revision;
mod routing;
pub mod scaling;
mod scaling_activity;
mod signed;
mod verbatim;
mod whole;

use std::time::Duration;

use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig, profile};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_sdk_codedeploy::config::SharedCredentialsProvider;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_types::os_shim_internal::{Env, Fs};

use crate::document::hint;

/// Where AWS is, and as whom to speak to it. What is absent comes from the environment and the profile files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    /// A profile of the shared configuration files.
    pub profile: Option<String>,
    /// A region.
    pub region: Option<String>,
    /// One endpoint for all services.
    pub endpoint: Option<String>,
    /// Takes any credentials instead of looking for some: a stand-in does not check them.
    pub stand_in: bool,
}

/// The clients.
#[derive(Clone, Debug)]
pub struct Aws {
    auto_scaling: aws_sdk_applicationautoscaling::Client,
    codedeploy: aws_sdk_codedeploy::Client,
    ecs: aws_sdk_ecs::Client,
    load_balancing: aws_sdk_elasticloadbalancingv2::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
    signed: signed::Signed,
    /// The region in use, to name it in commands that are suggested.
    pub region: Option<String>,
}

/// A profile was named that is not there. The SDK would go on with whatever else it finds, which may be another account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no profile {name:?} in the shared AWS configuration files{near}")]
pub struct UnknownProfile {
    name: String,
    near: String,
}

impl Connection {
    async fn knows_its_profile(&self) -> Result<(), UnknownProfile> {
        let Some(name) = &self.profile else { return Ok(()) };
        // Files that cannot be read are told with the first call, as they are without a profile.
        let Ok(known) = profile::load(&Fs::real(), &Env::real(), &EnvConfigFiles::default(), None).await else {
            return Ok(());
        };
        if known.get_profile(name).is_some() {
            return Ok(());
        }
        let mut names: Vec<_> = known.profiles().collect();
        names.sort_unstable();
        let near = if names.is_empty() { "; there is none at all".to_owned() } else { hint(name, names) };
        Err(UnknownProfile { name: name.clone(), near })
    }

    /// What all clients have in common.
    async fn configuration(&self) -> SdkConfig {
        let client =
            aws_smithy_http_client::Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build_https();
        // One look must fail before the next is due; a slow answer is no answer.
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .operation_attempt_timeout(Duration::from_secs(20))
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(client)
            // How often to try again is the environment's and the profile's to say; by default three attempts in all.
            .timeout_config(timeouts);
        if let Some(profile) = &self.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &self.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(endpoint) = &self.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        if self.stand_in {
            let credentials =
                aws_sdk_codedeploy::config::Credentials::new("rehearsal", "rehearsal", None, None, "rehearsal");
            loader = loader.credentials_provider(credentials);
        }
        let configuration = loader.load().await;
        match &self.profile {
            Some(profile) if !self.stand_in => with_credentials_of(profile, configuration),
            _ => configuration,
        }
    }
}

/// A profile that is named brings its own credentials, as it does for the AWS CLI, whatever keys the environment holds: the SDK's
/// order would deploy to the environment's account. What a profile without any leaves open is found where it always is.
fn with_credentials_of(profile: &str, configuration: SdkConfig) -> SdkConfig {
    let (Some(client), Some(others)) = (configuration.http_client(), configuration.credentials_provider()) else {
        return configuration;
    };
    // A role is asked for in this region.
    let provider = ProviderConfig::default().with_http_client(client).with_region(configuration.region().cloned());
    let own = ProfileFileCredentialsProvider::builder().profile_name(profile).configure(&provider).build();
    let credentials = CredentialsProviderChain::first_try("profile", own).or_else("others", others);
    configuration.into_builder().credentials_provider(SharedCredentialsProvider::new(credentials)).build()
}

impl Aws {
    /// Reads profile, region and credentials, and makes the clients. Nothing is sent yet.
    pub async fn connect(connection: &Connection) -> Result<Self, UnknownProfile> {
        connection.knows_its_profile().await?;
        let configuration = connection.configuration().await;
        let load_balancing = aws_sdk_elasticloadbalancingv2::config::Builder::from(&configuration);
        let load_balancing = whole::only_whole_answers(load_balancing).build();
        Ok(Self {
            auto_scaling: aws_sdk_applicationautoscaling::Client::new(&configuration),
            codedeploy: aws_sdk_codedeploy::Client::new(&configuration),
            ecs: aws_sdk_ecs::Client::new(&configuration),
            load_balancing: aws_sdk_elasticloadbalancingv2::Client::from_conf(load_balancing),
            logs: aws_sdk_cloudwatchlogs::Client::new(&configuration),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&configuration),
            signed: signed::Signed::new(&configuration),
            region: configuration.region().map(ToString::to_string),
        })
    }
}

/// An SDK time as ours; one that is out of range counts as absent.
///
/// The wire carries seconds as a number with a fraction of milliseconds (aws-facts §0), and the SDK reads it as floating
/// point: what is below a millisecond is noise.
fn time(time: Option<&aws_smithy_types::DateTime>) -> Option<jiff::Timestamp> {
    let millis = (time?.as_nanos() + 500_000).div_euclid(1_000_000);
    jiff::Timestamp::from_millisecond(i64::try_from(millis).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_to_the_millisecond_that_the_wire_carries() {
        let wire = aws_smithy_types::DateTime::from_secs_f64(1_543_431_490.226);
        assert_eq!(time(Some(&wire)).unwrap().as_millisecond(), 1_543_431_490_226);
    }
}
