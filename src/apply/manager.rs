//! Who else writes an object, by the marks that they leave on it.

use serde_json::Value;

use crate::cluster::Resource;
use crate::report::apply::{Manager, ManagerKind};

/// The managers of an object, those who put back what others change first.
pub(super) fn managers(object: &Value) -> Vec<Manager> {
    let marks = Marks { metadata: &object["metadata"] };
    let all = [flux(&marks), argo_cd(&marks), helm(&marks), operator(&marks), kustomize(&marks), kubectl_apply(&marks)];
    all.into_iter().flatten().collect()
}

/// Where managers leave their marks.
struct Marks<'a> {
    metadata: &'a Value,
}

impl<'a> Marks<'a> {
    fn label(&self, key: &str) -> Option<&'a str> {
        self.metadata["labels"].get(key)?.as_str().filter(|value| !value.is_empty())
    }

    fn annotation(&self, key: &str) -> Option<&'a str> {
        self.metadata["annotations"].get(key)?.as_str().filter(|value| !value.is_empty())
    }

    /// Whether a field manager's name begins like this.
    fn has_writer(&self, prefix: &str) -> bool {
        let entries = self.metadata["managedFields"].as_array().into_iter().flatten();
        entries.filter_map(|entry| entry["manager"].as_str()).any(|name| name.starts_with(prefix))
    }
}

fn manager(kind: ManagerKind, source: impl Into<String>, sentence: impl Into<String>) -> Option<Manager> {
    Some(Manager { kind, source: source.into(), sentence: sentence.into() })
}

fn flux(marks: &Marks<'_>) -> Option<Manager> {
    let named = |label: &str, of_namespace: &str| {
        let name = marks.label(label)?;
        Some(marks.label(of_namespace).map_or(name.to_owned(), |namespace| format!("{namespace}/{name}")))
    };
    let of_kustomization = named("kustomize.toolkit.fluxcd.io/name", "kustomize.toolkit.fluxcd.io/namespace");
    let of_release = named("helm.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/namespace");
    let (kind, source) = match (of_kustomization, of_release) {
        (Some(source), _) => ("Kustomization", source),
        (None, Some(source)) => ("HelmRelease", source),
        (None, None) => return None,
    };
    let sentence = format!(
        "Flux keeps it as its {kind} {source} says and puts back what is changed here: the change belongs into that source"
    );
    manager(ManagerKind::Flux, source, sentence)
}

fn argo_cd(marks: &Marks<'_>) -> Option<Manager> {
    let tracked = marks.annotation("argocd.argoproj.io/tracking-id").and_then(|id| id.split(':').next());
    // By the label alone it may be anybody's: Helm charts set it too.
    let labelled = || marks.label("app.kubernetes.io/instance").filter(|_| marks.has_writer("argocd"));
    let application = tracked.or_else(labelled)?;
    let sentence = format!(
        "Argo CD keeps it as application {application} says, and puts back what is changed here where it heals by \
         itself, else at its next sync: the change belongs into the application's source"
    );
    manager(ManagerKind::ArgoCd, application, sentence)
}

fn helm(marks: &Marks<'_>) -> Option<Manager> {
    let is_managed = marks.label("app.kubernetes.io/managed-by") == Some("Helm");
    let release = marks.annotation("meta.helm.sh/release-name");
    if !is_managed && release.is_none() {
        return None;
    }
    let name = release.or_else(|| marks.label("app.kubernetes.io/instance")).unwrap_or_default();
    let source = marks
        .annotation("meta.helm.sh/release-namespace")
        .map_or(name.to_owned(), |namespace| format!("{namespace}/{name}"));
    let release = if source.is_empty() { "a release".to_owned() } else { format!("release {source}") };
    let sentence = format!(
        "Helm made it for {release}, and the next upgrade may put back what is changed here: the change belongs into the \
         chart's values or templates"
    );
    manager(ManagerKind::Helm, source, sentence)
}

fn operator(marks: &Marks<'_>) -> Option<Manager> {
    let owners = marks.metadata["ownerReferences"].as_array()?;
    let owner = owners.iter().find(|owner| owner["controller"] == true)?;
    let text = |field: &str| owner[field].as_str().unwrap_or_default();
    let group = text("apiVersion").split_once('/').map_or("", |(group, _)| group);
    let is_built_in = group.is_empty() || Resource::workloads().any(|known| known.group == group);
    if is_built_in {
        return None;
    }
    let source = format!("{}/{}", text("kind").to_lowercase(), text("name"));
    let sentence = format!(
        "it belongs to {source}, whose operator may put back what is changed here: look for a way to say it there"
    );
    manager(ManagerKind::Operator, source, sentence)
}

fn kustomize(marks: &Marks<'_>) -> Option<Manager> {
    let origin = marks.annotation("config.kubernetes.io/origin");
    let by_label = marks.label("app.kubernetes.io/managed-by").filter(|by| by.starts_with("kustomize"));
    let is_built =
        origin.is_some() || by_label.is_some() || marks.annotation("config.kubernetes.io/transformations").is_some();
    // The annotation is a small YAML map; of its lines this one tells most.
    let path = origin.and_then(|text| text.lines().find_map(|line| line.trim().strip_prefix("path: ")));
    let sentence = "it was built from a kustomization, and what is changed here is gone when that is applied again: the \
                    change belongs there, as a patch";
    if is_built { manager(ManagerKind::Kustomize, path.unwrap_or_default(), sentence) } else { None }
}

fn kubectl_apply(marks: &Marks<'_>) -> Option<Manager> {
    marks.annotation("kubectl.kubernetes.io/last-applied-configuration")?;
    let sentence = "somebody applies it from a file (kubectl apply): unless the file is changed too, what it says about the \
                    same fields comes back with the next apply";
    manager(ManagerKind::KubectlApply, "", sentence)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(metadata: &Value) -> Vec<(ManagerKind, String)> {
        let object = json!({"metadata": metadata});
        managers(&object).into_iter().map(|manager| (manager.kind, manager.source)).collect()
    }

    #[test]
    fn managers_are_known_by_their_marks() {
        let helm = json!({
            "labels": {"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/instance": "shop"},
            "annotations": {"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "prod"},
        });
        assert_eq!(found(&helm), [(ManagerKind::Helm, "prod/shop".to_owned())]);
        let argo = json!({"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:prod/web"}});
        assert_eq!(found(&argo), [(ManagerKind::ArgoCd, "shop".to_owned())]);
        let flux = json!({"labels": {
            "kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}});
        assert_eq!(found(&flux), [(ManagerKind::Flux, "flux-system/apps".to_owned())]);
        let flux = json!({"labels": {"helm.toolkit.fluxcd.io/name": "web", "app.kubernetes.io/managed-by": "Helm"}});
        let both = [(ManagerKind::Flux, "web".to_owned()), (ManagerKind::Helm, String::new())];
        assert_eq!(found(&flux), both);
        let applied = json!({"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}});
        assert_eq!(found(&applied), [(ManagerKind::KubectlApply, String::new())]);
        let origin = json!({"annotations": {"config.kubernetes.io/origin": "path: base/web.yaml\nrepo: x\n"}});
        assert_eq!(found(&origin), [(ManagerKind::Kustomize, "base/web.yaml".to_owned())]);
    }

    #[test]
    fn a_label_that_anybody_sets_is_no_mark_of_argo_cd() {
        let labels = json!({"app.kubernetes.io/instance": "shop"});
        assert_eq!(found(&json!({"labels": labels})), []);
        let written = json!({"labels": labels, "managedFields": [{"manager": "argocd-controller"}]});
        assert_eq!(found(&written), [(ManagerKind::ArgoCd, "shop".to_owned())]);
    }

    #[test]
    fn only_custom_resources_have_operators() {
        let owned = |version: &str, kind: &str| json!({"ownerReferences": [{"apiVersion": version, "kind": kind, "name": "a", "controller": true}]});
        assert_eq!(found(&owned("apps/v1", "Deployment")), []);
        assert_eq!(found(&owned("example.com/v1", "Fleet")), [(ManagerKind::Operator, "fleet/a".to_owned())]);
    }
}
