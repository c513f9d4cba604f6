//! CodeDeploy, as far as an ECS blue/green deployment needs it: `rules` decides what happens next in a deployment, `serve`
//! answers its API. It keeps no clock and moves no traffic.

pub(crate) mod appspec;
pub(crate) mod deployment;
pub(crate) mod event;
pub(crate) mod failure;
pub(crate) mod group;
pub(crate) mod rules;
pub(crate) mod serve;
pub(crate) mod traffic;
mod wire;

#[cfg(test)]
mod rules_tests;

use std::collections::BTreeMap;

use deployment::Deployment;
use group::Group;
use traffic::Configuration;

/// CodeDeploy's state.
#[derive(Clone, Debug)]
pub(crate) struct CodeDeploy {
    /// The one application's id.
    pub(crate) application_id: String,
    /// Whether they have been deleted: the application, and with it or before it the group.
    pub(crate) deleted: Deleted,
    /// The one deployment group.
    pub(crate) group: Group,
    /// Deployment configurations by name.
    pub(crate) configurations: BTreeMap<String, Configuration>,
    /// All deployments, oldest first.
    pub(crate) deployments: Vec<Deployment>,
}

/// What of the two is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Deleted {
    pub(crate) application: bool,
    pub(crate) group: bool,
}

impl CodeDeploy {
    /// A deployment by id.
    pub(crate) fn deployment(&self, id: &str) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.id == id)
    }

    /// A deployment by id, to change it.
    pub(crate) fn deployment_mut(&mut self, id: &str) -> Option<&mut Deployment> {
        self.deployments.iter_mut().find(|deployment| deployment.id == id)
    }

    /// The deployment that is not over; a group has at most one.
    pub(crate) fn active(&self) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| !deployment.status.is_over())
    }

    /// The newest deployment of a user that succeeded.
    pub(crate) fn last_successful(&self) -> Option<&Deployment> {
        self.deployments.iter().rev().find(|deployment| deployment.status == deployment::Status::Succeeded)
    }
}
