//! What keeps a controller from making pods.

use super::objects::Event;
use super::scene::Scene;
use super::symptom::{Symptom, not_created as of_message, replica_failure};

/// Why the pods of the present template were not created, where they were not: from conditions, else from events.
pub(super) fn not_created(scene: &Scene, events: &[Event]) -> Option<Symptom> {
    if !scene.is_seen() {
        return None;
    }
    let of_conditions = match scene.maker() {
        Some(maker) => replica_failure(maker),
        None => replica_failure(&scene.object).or_else(|| scene.between.iter().find_map(replica_failure)),
    };
    let failed = events.iter().rfind(|event| event.reason.as_deref() == Some("FailedCreate"));
    let of_events = failed.and_then(|event| event.message.as_deref()).map(of_message);
    of_conditions.or(of_events.filter(|_| scene.kind.tells_by_events()))
}
