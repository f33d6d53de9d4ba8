//! Recognises Helm templates, and objects that a tool rendered.

use std::path::Path;

use super::Object;
use crate::report::Origin;
use crate::yaml::{Style, Value, ValueRef};

/// Where the first `{{ … }}` of a text begins, comment lines left out; `None` where there is none.
#[must_use]
pub fn helm_template(text: &str) -> Option<usize> {
    let mut from = 0;
    for line in text.split_inclusive('\n') {
        let action = line.find("{{").filter(|at| line[*at..].contains("}}"));
        if let Some(at) = action.filter(|_| !line.trim_start().starts_with('#')) {
            return Some(from + at);
        }
        from += line.len();
    }
    None
}

/// Whether a file is in the `templates` folder of a Helm chart.
#[must_use]
pub fn is_in_chart(path: &Path) -> bool {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let templates = absolute.ancestors().skip(1).filter(|folder| folder.ends_with("templates"));
    templates.filter_map(Path::parent).any(|chart| chart.join("Chart.yaml").is_file())
}

/// A plain value of an object that holds `{{ … }}`: the file is read as YAML by chance.
#[must_use]
pub fn plain_template_value<'d>(value: ValueRef<'d>) -> Option<ValueRef<'d>> {
    let mut left = vec![value];
    while let Some(value) = left.pop() {
        match value.get() {
            Value::String(text) if value.style() == Style::Plain && helm_template(text).is_some() => {
                return Some(value);
            }
            // What stands elsewhere is seen there.
            _ if matches!(value.style(), Style::Alias | Style::Merged) => {}
            Value::Sequence => left.extend(value.items()),
            Value::Mapping => left.extend(value.entries().map(|entry| entry.value)),
            _ => {}
        }
    }
    None
}

/// What made an object, if a tool did, and where an edit lasts: a sentence. `text` is the object's document.
#[must_use]
pub fn generator(object: &Object<'_>, text: &str, origin: &Origin) -> Option<String> {
    const VALUES: &str = "the next rendering undoes edits here, so make them in the chart's values too";
    const OVERLAY: &str = "the next build undoes edits here, so add the patch that -o kustomize prints to the overlay";
    let metadata = object.value.field("metadata");
    let of = |map: &str, key: &str| metadata.and_then(|m| m.field(map)?.field(key)).and_then(ValueRef::as_str);
    let manager = of("labels", "app.kubernetes.io/managed-by").unwrap_or_default();
    let annotated = |prefix: &str| {
        let annotations = metadata.and_then(|metadata| metadata.field("annotations"));
        annotations.is_some_and(|all| all.entries().any(|entry| entry.key.starts_with(prefix)))
    };
    if let Some(source) = chart_source(text).filter(|source| source.contains("/templates/")) {
        return Some(format!("Helm rendered this from {}: {VALUES}", source.trim()));
    }
    if manager == "Helm" || of("labels", "helm.sh/chart").is_some() || annotated("meta.helm.sh/") {
        return Some(format!("Helm rendered this: {VALUES}"));
    }
    let is_kustomized = manager.starts_with("kustomize")
        || annotated("config.kubernetes.io/origin")
        || annotated("alpha.config.kubernetes.io/transformations")
        || *origin == Origin::Built;
    is_kustomized.then(|| format!("kustomize built this: {OVERLAY}"))
}

/// What Helm writes above a document that it rendered. Nothing below is searched: that would read a long list again for
/// each of its items.
fn chart_source(mut text: &str) -> Option<&str> {
    // A line is looked for only where it may be one of those: JSON may have all objects in one line.
    while text.starts_with(['#', '-', '\r', '\n']) {
        let (line, below) = text.split_once('\n').unwrap_or((text, ""));
        if let Some(source) = line.strip_prefix("# Source: ") {
            return Some(source);
        }
        text = below;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::objects;
    use crate::yaml::{Document, chunks};

    #[test]
    fn actions_are_found_outside_of_comments() {
        assert_eq!(helm_template("a: 1\n# {{ no }}\nb: {{ .Values.b }}\n"), Some(19));
        assert_eq!(helm_template("a: {{\n b: c}\n"), None);
        assert_eq!(helm_template("{{- if .Values.a }}\n"), Some(0));
    }

    #[test]
    fn charts_are_known_by_their_folders() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("web/templates/jobs")).unwrap();
        std::fs::write(folder.path().join("web/Chart.yaml"), "").unwrap();
        assert!(is_in_chart(&folder.path().join("web/templates/jobs/a.yaml")));
        assert!(!is_in_chart(&folder.path().join("web/values.yaml")));
        assert!(!is_in_chart(&folder.path().join("other/templates/a.yaml")));
    }

    #[test]
    fn only_plain_values_make_a_template() {
        let found = |text: &str| {
            let cut = chunks(text);
            let document = Document::parse(&cut[0]).unwrap();
            plain_template_value(document.root().unwrap()).map(|value| value.span().line)
        };
        assert_eq!(found("a: 1\nb: [x, 'y-{{ a }}', \"{{ b }}\"]\nc: |\n  {{ d }}\n"), None);
        assert_eq!(found("a: 1\nb:\n- name: web-{{ .Release.Name }}\n"), Some(3));
    }

    fn made_by(text: &str, origin: &Origin) -> Option<String> {
        let cut = chunks(text);
        let document = Document::parse(&cut[0]).unwrap();
        let note = generator(&objects(&document)[0].clone().unwrap(), text, origin);
        note.map(|note| note.split(':').next().unwrap_or_default().to_owned())
    }

    #[test]
    fn tools_leave_their_marks() {
        let of = |metadata: &str| made_by(&format!("apiVersion: v1\nkind: Pod\nmetadata: {metadata}\n"), &Origin::File);
        let helm = Some("Helm rendered this".to_owned());
        assert_eq!(of("{name: a}"), None);
        assert_eq!(of("{labels: {app.kubernetes.io/managed-by: Helm}}"), helm);
        assert_eq!(of("{labels: {helm.sh/chart: web-1.0}}"), helm);
        let kustomize = Some("kustomize built this".to_owned());
        assert_eq!(of("{labels: {app.kubernetes.io/managed-by: kustomize-v5.4.1}}"), kustomize);
        assert_eq!(of("{annotations: {config.kubernetes.io/origin: \"path: a.yaml\"}}"), kustomize);
        let rendered = "# Source: web/templates/pod.yaml\napiVersion: v1\nkind: Pod\n";
        let from = Some("Helm rendered this from web/templates/pod.yaml".to_owned());
        assert_eq!(made_by(rendered, &Origin::File), from);
        assert_eq!(made_by(&format!("---\n# a comment\n\n{rendered}"), &Origin::File), from);
        assert_eq!(made_by(&format!("kind: Pod\napiVersion: v1\n{}", &rendered[..33]), &Origin::File), None);
        assert_eq!(made_by("apiVersion: v1\nkind: Pod\n", &Origin::Built), kustomize);
    }
}
