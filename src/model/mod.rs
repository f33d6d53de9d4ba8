//! The words that every layer shares: the pod as admission sees it, paths into it, findings about it, and
//! edits of it.

mod annotations;
mod choices;
mod edit;
mod finding;
mod injector;
mod path;
mod pod;
mod volume;

pub use annotations::{APP_ARMOR_ANNOTATION, SECCOMP_ANNOTATION, SECCOMP_ANNOTATION_OF_POD};
pub use choices::{Choices, VolumeChoice};
pub use edit::{Edit, Misfit, Op};
pub use finding::{Applicability, Finding, Violated, Violation};
pub use injector::Injector;
pub use path::{FieldPath, Segment, Step};
pub use pod::{
    AppArmorProfile, Capabilities, Container, ContainerKind, ContainerPort, Handler, HostAction, Lifecycle, Metadata,
    PlacedContainer, PodOs, PodSecurityContext, PodSpec, PodTemplate, Probe, SeLinuxOptions, SeccompProfile,
    SecurityContext, Sysctl, WindowsOptions,
};
pub use volume::{HARMLESS_SOURCES, HostPath, Setting, VOLUME_SOURCES, Volume};
