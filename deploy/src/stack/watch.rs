//! What a person sees of the stack without asking for it: how jobs end, alarms, and a dashboard.
//!
//! AWS Batch has no metrics of jobs. So rules of EventBridge pick out the events of the stack's own queues and write them to a log
//! group: the events are there to be searched, and how often each rule fires is a metric that costs nothing.

use super::Site;

mod alarms;
mod dashboard;
mod events;

pub fn add(site: &mut Site<'_>) {
    events::add(site);
    alarms::add(site);
    dashboard::add(site);
}
