//! ECS, as far as a service under CodeDeploy needs it: task definitions, one service with task sets, tasks. `scheduler` decides
//! which tasks start and stop, `serve` answers the API. It starts no process itself.

pub(crate) mod definitions;
pub(crate) mod scheduler;
pub(crate) mod serve;
pub(crate) mod service;
mod wire;

use definitions::Definitions;
use service::{Service, Task, TaskSet};

/// ECS's state.
#[derive(Clone, Debug)]
pub(crate) struct Ecs {
    pub(crate) definitions: Definitions,
    pub(crate) service: Service,
    /// Task sets, oldest first.
    pub(crate) task_sets: Vec<TaskSet>,
    /// Tasks, oldest first; stopped ones are kept for a while, as ECS does.
    pub(crate) tasks: Vec<Task>,
}

impl Ecs {
    pub(crate) fn task_set(&self, id: &str) -> Option<&TaskSet> {
        self.task_sets.iter().find(|set| set.id == id)
    }

    pub(crate) fn task_set_mut(&mut self, id: &str) -> Option<&mut TaskSet> {
        self.task_sets.iter_mut().find(|set| set.id == id)
    }

    pub(crate) fn primary(&self) -> Option<&TaskSet> {
        self.task_sets.iter().find(|set| set.status == service::TaskSetStatus::Primary)
    }

    pub(crate) fn task_mut(&mut self, arn: &str) -> Option<&mut Task> {
        self.tasks.iter_mut().find(|task| task.arn == arn)
    }

    pub(crate) fn tasks_of<'a>(&'a self, set: &'a str) -> impl Iterator<Item = &'a Task> {
        self.tasks.iter().filter(move |task| task.task_set == set)
    }
}
