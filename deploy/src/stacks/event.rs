//! What happens to the resources of a stack.

use aws_sdk_cloudformation::types::{ResourceStatus, StackEvent};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// Its unique id.
    pub id: String,
    /// The logical id of the resource; that of the stack itself is its name.
    pub resource: String,
    /// The resource's type.
    pub kind: String,
    /// Where it is now, such as `CREATE_COMPLETE`.
    pub status: String,
    /// Why it is there.
    pub reason: Option<String>,
}

impl Happened {
    pub(super) fn of(event: &StackEvent) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Self {
            id: text(event.event_id()),
            resource: text(event.logical_resource_id()),
            kind: text(event.resource_type()),
            status: text(event.resource_status().map(ResourceStatus::as_str)),
            reason: event.resource_status_reason().map(str::to_owned),
        }
    }

    /// Whether it is of the stack itself.
    pub fn is_stack(&self) -> bool {
        self.kind == "AWS::CloudFormation::Stack"
    }

    /// Whether something went wrong with this resource, and not only with another one.
    pub fn is_failure(&self) -> bool {
        let others = self.reason.as_deref().unwrap_or_default();
        self.status.ends_with("_FAILED") && !others.contains("cancelled")
    }

    /// Whether the resource is done.
    pub fn is_done(&self) -> bool {
        self.status.ends_with("_COMPLETE")
    }
}
