//! `TYPE`, `TYPE NAME…`, `TYPE,TYPE NAME…` and `TYPE/NAME…`.

use super::candidates::{Candidate, Candidates, Directive};
use super::cluster::Session;
use crate::cluster::Resource;

/// Candidates for a word that names objects, by the words before it.
pub(super) fn of(session: &Session<'_>, typed: &str) -> Candidates {
    match session.line.words.first() {
        _ if typed.contains('/') => pairs(session, typed),
        None => types(session, typed),
        Some(first) if first.contains('/') => pairs(session, typed),
        Some(first) => {
            let named = |name: &String| session.line.words.iter().skip(1).any(|word| word == name);
            Candidates::names(session.objects(first).into_iter().filter(|name| !named(name)))
        }
    }
}

/// `TYPE/NAME`: the type first, and behind the slash the name.
pub(super) fn pairs(session: &Session<'_>, typed: &str) -> Candidates {
    let Some((resource, _)) = typed.split_once('/') else {
        let mut types = types(session, typed);
        types.list.iter_mut().for_each(|candidate| candidate.text.push('/'));
        return types.and(Directive::NO_SPACE);
    };
    let pairs = session.objects(resource).into_iter().map(|name| format!("{resource}/{name}"));
    Candidates::names(pairs.filter(|pair| !session.line.words.contains(pair)))
}

/// Types with pod templates that every server has. Only where none of them fits, the server is asked for its own: that
/// answer is long, and mostly a type of Kubernetes is meant.
fn types(session: &Session<'_>, typed: &str) -> Candidates {
    let (head, typed) = typed.rfind(',').map_or(("", typed), |at| typed.split_at(at + 1));
    let mut types: Vec<_> = Resource::workloads()
        .flat_map(|resource| {
            let names = std::iter::once(resource.plural).chain(resource.short_names);
            names.map(|name| Candidate::new(name, &resource.kind)).collect::<Vec<_>>()
        })
        .collect();
    if !types.iter().any(|candidate| candidate.text.starts_with(typed)) {
        types = session.custom_types(typed);
    }
    types.iter_mut().for_each(|candidate| candidate.text.insert_str(0, head));
    Candidates::only(types)
}
