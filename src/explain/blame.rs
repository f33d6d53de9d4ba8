//! Which of a check's fields a message is about.

use super::parts::Part;
use crate::checks;

impl Part {
    /// The fields that the part is about, as the check writes them: those of who is named, and only the ones that the
    /// detail mentions where it tells fields of one check apart. Never empty for a check that is known.
    #[must_use]
    pub fn fields(&self) -> Vec<&'static str> {
        let Some(check) = checks::by_id(self.check) else { return Vec::new() };
        let all = check.meaning.fields.to_vec();
        let of_subject: Vec<_> = all.iter().copied().filter(|field| self.is_of_subject(field)).collect();
        let candidates = if of_subject.is_empty() { all } else { of_subject };
        let mentioned: Vec<_> = candidates.iter().copied().filter(|field| self.mentions(field)).collect();
        if mentioned.is_empty() { candidates } else { mentioned }
    }

    fn is_of_subject(&self, field: &str) -> bool {
        let subject = &self.subject;
        if field.starts_with("metadata.") {
            subject.annotations
        } else if field.starts_with("spec.containers[*]") {
            !subject.containers.is_empty()
        } else {
            subject.pod || !subject.volumes.is_empty()
        }
    }

    /// Whether the detail names the field, for checks with several.
    fn mentions(&self, field: &str) -> bool {
        let name = field.rsplit('.').next().unwrap_or_default();
        let detail = self.detail.as_str();
        match (self.check, name) {
            ("capabilities_restricted", "drop") => detail.contains("capabilities.drop="),
            ("capabilities_restricted", "add") => detail.contains("capabilities.add"),
            ("hostNamespaces", name) => detail.split(", ").any(|part| part.strip_suffix("=true") == Some(name)),
            ("seLinuxOptions", "type") => detail.contains("seLinuxOptions: type"),
            ("seLinuxOptions", "user") => detail.contains("user may not be set"),
            ("seLinuxOptions", "role") => detail.contains("role may not be set"),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::explain::parts::parse;

    fn fields(text: &str) -> Vec<&'static str> {
        parse(text, None).parts[0].fields()
    }

    #[test]
    fn only_the_fields_that_are_meant() {
        assert_eq!(fields("host namespaces (hostPID=true)"), ["spec.hostPID"]);
        assert_eq!(fields("host namespaces").len(), 3);
        assert_eq!(
            fields("unrestricted capabilities (container \"a\" must set securityContext.capabilities.drop=[\"ALL\"])"),
            ["spec.containers[*].securityContext.capabilities.drop"]
        );
        assert_eq!(
            fields("runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)"),
            ["spec.securityContext.runAsNonRoot"]
        );
        assert_eq!(
            fields(
                "seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type \"x\"; role may not be set)"
            ),
            ["spec.securityContext.seLinuxOptions.type", "spec.securityContext.seLinuxOptions.role"]
        );
        assert_eq!(fields("hostPath volumes (volume \"a\")"), ["spec.volumes[*].hostPath"]);
    }
}
