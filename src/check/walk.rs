//! Walks the documents of a manifest to their pod templates, and says what is wrong on the way.

use std::sync::Arc;

use crate::model::PodTemplate;
use crate::report::{Problem, Problems, Source};
use crate::source::{
    Found, Manifest, NO_TEXT, Object, check_object_types, check_template_fields, find, helm_template, is_binary,
    served_version, visit_objects,
};
use crate::yaml::de::decode;
use crate::yaml::{Chunk, Document, Span};

/// What a walk comes by.
#[derive(Debug)]
pub enum Stop<'w, 'd> {
    /// A Namespace.
    Namespace(&'w Object<'d>),
    /// A pod template that pods can be made of.
    Template {
        /// The object that it is in.
        object: &'w Object<'d>,
        /// Where in the object it is.
        found: &'w Found<'d>,
        /// The template as admission's checks read it.
        pod: PodTemplate,
    },
}

/// A document on a walk, and what was found wrong with it.
#[derive(Debug)]
pub struct Scene<'a> {
    /// The file.
    pub manifest: &'a Manifest,
    /// The document's position in it, counted from 0.
    pub document: usize,
    /// What cannot be judged.
    pub errors: Problems,
    /// What is probably not what its author meant.
    pub warnings: Problems,
    /// How many templates the document holds.
    pub templates: usize,
    /// Whether it holds objects, but nothing that pods are made of.
    pub is_without_template: bool,
}

impl<'a> Scene<'a> {
    fn new(manifest: &'a Manifest, document: usize) -> Self {
        let (errors, warnings) = (Problems::default(), Problems::default());
        Self { manifest, document, errors, warnings, templates: 0, is_without_template: false }
    }

    /// A place in the document.
    #[must_use]
    pub fn source(&self, span: Span) -> Source {
        Source {
            file: Arc::clone(&self.manifest.name),
            document: Some(self.document),
            line: Some(span.line),
            column: Some(span.column),
            origin: self.manifest.origin.clone(),
        }
    }

    /// Notes an error.
    pub fn error(&mut self, span: Span, message: String) {
        let source = self.source(span);
        self.errors.push(Problem { source, message });
    }

    /// Notes what is probably not what its author meant.
    pub fn warning(&mut self, span: Span, message: String) {
        let source = self.source(span);
        self.warnings.push(Problem { source, message });
    }

    fn unknown_field(&mut self, field: &crate::source::Unknown) {
        if field.in_security_context {
            self.error(field.span, field.message.clone());
        } else {
            self.warning(field.span, field.message.clone());
        }
    }
}

/// What makes a whole file no manifest, if something does: a text with a NUL near its start is none, and one sentence says
/// more than an error per line of it.
#[must_use]
pub fn unfit(manifest: &Manifest) -> Option<Problem> {
    let source = || Source { origin: manifest.origin.clone(), ..Source::file(Arc::clone(&manifest.name)) };
    is_binary(&manifest.text).then(|| Problem { source: source(), message: NO_TEXT.to_owned() })
}

/// Parses a document of a manifest.
///
/// # Errors
///
/// What is wrong with its text, and where.
pub fn parse<'c>(manifest: &Manifest, chunk: &Chunk<'c>) -> Result<Document<'c>, Problem> {
    Document::parse(chunk).map_err(|error| {
        let source = Source {
            file: Arc::clone(&manifest.name),
            document: Some(chunk.index),
            line: Some(error.line),
            column: Some(error.column),
            origin: manifest.origin.clone(),
        };
        let hint = if helm_template(chunk.text).is_some() {
            "; this looks like a Helm template: judge what it renders, as in helm template CHART | kubectl secctx check \
             -f -"
        } else {
            ""
        };
        Problem { source, message: error.message + hint }
    })
}

/// Walks a document; `namespace` is the only one that its objects may name, where one was asked for.
pub fn walk<'a, 'd>(
    manifest: &'a Manifest,
    document: &'d Document<'d>,
    namespace: Option<&str>,
    visit: &mut dyn FnMut(&mut Scene<'a>, Stop<'_, 'd>),
) -> Scene<'a> {
    let mut walk = Walk { scene: Scene::new(manifest, document.index), namespace, visit };
    for duplicate in document.duplicates() {
        let key = document.value(duplicate.overwritten);
        let line = document.value(duplicate.by).span().line;
        let name = key.as_str().unwrap_or_default();
        walk.scene.warning(key.span(), format!("key {name:?} is set again in line {line}, which is what counts"));
    }
    let mut is_empty = true;
    visit_objects(document, &mut |object| {
        is_empty = false;
        match object {
            Ok(object) => walk.object(&object),
            Err(error) => walk.scene.error(error.span, error.message),
        }
    });
    walk.scene.is_without_template = !is_empty && walk.scene.templates + walk.scene.errors.count() == 0;
    walk.scene
}

struct Walk<'w, 'a, 'd> {
    scene: Scene<'a>,
    namespace: Option<&'w str>,
    visit: &'w mut dyn FnMut(&mut Scene<'a>, Stop<'_, 'd>),
}

impl<'d> Walk<'_, '_, 'd> {
    fn object(&mut self, object: &Object<'d>) {
        if let Err((span, message)) = self.check_object(object) {
            return self.scene.error(span, message);
        }
        if object.kind.is_empty() {
            return;
        }
        if object.kind == "Namespace" && object.group().is_empty() {
            (self.visit)(&mut self.scene, Stop::Namespace(object));
        }
        for found in find(object) {
            self.template(object, &found);
        }
    }

    /// Whether the server would take the object for what it says it is; what the server only warns of is noted.
    fn check_object(&mut self, object: &Object<'d>) -> Result<(), (Span, String)> {
        let span = object.value.span();
        if object.kind.is_empty() {
            self.scene.warning(span, "kind is not set: this is no Kubernetes object".to_owned());
            return Ok(());
        }
        if object.api_version.is_empty() {
            return Err((span, "apiVersion is not set: this is no Kubernetes object".to_owned()));
        }
        self.check_namespace(object).map_err(|message| (span, message))?;
        if let Some(served) = served_version(object) {
            let place = object.value.entry("apiVersion").map_or(span, |entry| entry.key_ref.span());
            let (kind, is) = (object.kind, object.api_version);
            return Err((place, format!("apiVersion: no server has a {kind} in {is:?}; it is in {served:?}")));
        }
        let unknown = check_object_types(object)
            .map_err(|error| (error.span.unwrap_or(span), format!("{error} (the API server refuses it)")))?;
        unknown.iter().for_each(|field| self.scene.unknown_field(field));
        Ok(())
    }

    /// kubectl takes `-n` for a check, not for an override.
    fn check_namespace(&self, object: &Object<'_>) -> Result<(), String> {
        match (object.namespace, self.namespace) {
            (Some(own), Some(asked)) if own != asked => Err(format!(
                "the namespace of {}/{} is {own:?}, which is not the one asked for with -n, {asked:?}",
                object.kind.to_lowercase(),
                object.name
            )),
            _ => Ok(()),
        }
    }

    fn template(&mut self, object: &Object<'d>, found: &Found<'d>) {
        if found.custom {
            check_template_fields(found).iter().for_each(|field| self.scene.unknown_field(field));
        }
        match found.value.map_or(Ok(PodTemplate::default()), decode::<PodTemplate>) {
            Ok(pod) => {
                self.scene.templates += 1;
                (self.visit)(&mut self.scene, Stop::Template { object, found, pod });
            }
            Err(error) => {
                let path = found.path.join(&error.path);
                let message = format!("{path}: {}", error.message);
                self.scene.error(error.span.unwrap_or_else(|| object.value.span()), message);
            }
        }
    }
}
