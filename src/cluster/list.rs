//! Lists, read page by page.

use std::mem;

use futures_util::future::join;
use memchr::memmem;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Error as _, IgnoredAny};
use tokio::task::spawn_blocking;

use super::error::{ClusterError, ErrorKind};
use super::resource::{Resource, with_query};
use super::transport::{JSON, Transport};

/// Which objects to list.
#[derive(Debug, Clone)]
pub struct ListQuery {
    /// Their type.
    pub resource: Resource,
    /// Their namespace; `None` is all of them.
    pub namespace: Option<String>,
    /// Only those with these labels, as after `-l`.
    pub labels: Option<String>,
    /// Only those with these fields, as after `--field-selector`.
    pub fields: Option<String>,
    /// The most objects in one answer; 0 is no limit.
    pub chunk_size: usize,
}

impl ListQuery {
    /// kubectl's own chunk size.
    pub const CHUNK_SIZE: usize = 500;

    /// All objects of a type, in a namespace or in all.
    #[must_use]
    pub fn new(resource: Resource, namespace: Option<String>) -> Self {
        Self { resource, namespace, labels: None, fields: None, chunk_size: Self::CHUNK_SIZE }
    }

    fn path(&self, limit: usize, continue_token: Option<&str>) -> String {
        let limit = (limit > 0).then(|| limit.to_string());
        let values = [
            ("labelSelector", self.labels.as_deref()),
            ("fieldSelector", self.fields.as_deref()),
            ("limit", limit.as_deref()),
            ("continue", continue_token),
        ];
        let given =
            values.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)));
        with_query(self.resource.path(self.namespace.as_deref()), &given.collect::<Vec<_>>())
    }
}

/// What to ask for where only names matter: metadata, which servers send without the objects around it. One that cannot
/// (some aggregated servers) sends the objects.
const METADATA: &str = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";

/// A part of a list.
#[derive(Debug)]
pub struct Page<T> {
    /// The objects.
    pub items: Vec<T>,
    /// How many objects follow in other pages, where the server tells.
    pub remaining: Option<u64>,
    /// The list began again: what came in earlier pages comes once more and is to be forgotten.
    pub starts_over: bool,
}

/// The parts of a list that matter: the metadata of a list is small, the ones of its objects are the reader's choice.
#[derive(Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
struct List<T> {
    #[serde(default)]
    metadata: ListMeta,
    /// Some servers write null for none. An answer without it is no list: a proxy's `{}` must not pass for an empty one.
    #[serde(deserialize_with = "Option::deserialize")]
    items: Option<Vec<T>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ListMeta {
    #[serde(rename = "continue")]
    continue_token: Option<String>,
    remaining_item_count: Option<u64>,
}

impl ListMeta {
    /// Stands for the page behind this one.
    fn token(&self) -> Option<String> {
        self.continue_token.clone().filter(|token| !token.is_empty())
    }
}

/// Reads a list and hands out each page as it comes.
///
/// A list that takes long may expire on the way (410). The server then mostly gives a token to go on with from the same
/// place; objects that changed meanwhile come as they are now. Where it gives none, the list begins again, once, in one
/// piece, for a list that expired once will again.
pub(super) async fn list<T: DeserializeOwned + Send + 'static>(
    transport: &Transport,
    query: &ListQuery,
    on_page: impl FnMut(Page<T>),
) -> Result<(), ClusterError> {
    list_as(JSON, transport, query, on_page).await
}

/// The names of objects, in the order in which the server lists them.
pub(super) async fn names(transport: &Transport, query: &ListQuery) -> Result<Vec<String>, ClusterError> {
    let mut names = Vec::new();
    let add = |page: Page<Named>| {
        if page.starts_over {
            names.clear();
        }
        names.extend(page.items.into_iter().map(|object| object.metadata.name));
    };
    list_as(METADATA, transport, query, add).await?;
    Ok(names)
}

/// An object of which only the name matters.
#[derive(Deserialize)]
struct Named {
    metadata: NamedMeta,
}

#[derive(Deserialize)]
struct NamedMeta {
    name: String,
}

/// Answers below this many bytes are read at once: another thread would cost more than it saves.
const SMALL: usize = 1 << 18;

/// Reads a list in one of the forms that the server has for it.
///
/// While a page is read and handed out, the next one is on its way: the server needs longer to write it.
async fn list_as<T: DeserializeOwned + Send + 'static>(
    accept: &'static str,
    transport: &Transport,
    query: &ListQuery,
    mut on_page: impl FnMut(Page<T>),
) -> Result<(), ClusterError> {
    let mut pages = Pages { transport, query, accept, place: Place { limit: query.chunk_size, ..Place::default() } };
    let mut body = pages.fetch(None).await?;
    loop {
        let starts_over = mem::take(&mut pages.place.starts_over);
        let early = early_token(&body);
        let reading = async {
            let page = read::<T>(transport, query, body).await?;
            let remaining = page.metadata.remaining_item_count;
            let token = page.metadata.token();
            on_page(Page { items: page.items.unwrap_or_default(), remaining, starts_over });
            Ok::<_, ClusterError>(token)
        };
        let fetching = async {
            match early {
                Some(token) => Some(pages.fetch(Some(token)).await),
                None => None,
            }
        };
        let (token, fetched) = join(reading, fetching).await;
        body = match (token?, fetched) {
            (_, Some(next)) => next?,
            (Some(token), None) => pages.fetch(Some(token)).await?,
            (None, None) => return Ok(()),
        };
    }
}

/// Gets one page of a list after the other.
struct Pages<'a> {
    transport: &'a Transport,
    query: &'a ListQuery,
    accept: &'static str,
    place: Place,
}

impl Pages<'_> {
    /// The page that a token stands for, the first one without.
    async fn fetch(&mut self, token: Option<String>) -> Result<Vec<u8>, ClusterError> {
        if token.is_some() && token == self.place.token {
            let (server, path) = (self.transport.server(), self.query.path(self.place.limit, token.as_deref()));
            let message = format!("the answer of the server {server} to {path} leads to itself");
            return Err(ClusterError::new(ErrorKind::Answer, message));
        }
        (self.place.token, self.place.is_renewed) = (token, false);
        loop {
            let path = self.query.path(self.place.limit, self.place.token.as_deref());
            match self.transport.body(&path, self.accept).await {
                Err(error) if error.kind() == ErrorKind::Expired && self.place.is_found_again(&error) => {}
                answer => return answer,
            }
        }
    }
}

/// How far the reading of a list is.
#[derive(Default)]
struct Place {
    /// The most objects of a page.
    limit: usize,
    /// Where the next page begins.
    token: Option<String>,
    /// The next page is the first of all, for the second time.
    starts_over: bool,
    /// The list has begun again.
    has_started_over: bool,
    /// The token came with the refusal of another.
    is_renewed: bool,
}

impl Place {
    /// Where to go on after an expiry, if there is such a place: at the token that came with it, once, else at the
    /// beginning, once too. A server that only ever refuses would be asked for ever.
    fn is_found_again(&mut self, error: &ClusterError) -> bool {
        let Some(token) = self.token.take() else { return false };
        let next = error.continue_token().filter(|next| *next != token && !self.is_renewed);
        self.is_renewed = next.is_some();
        self.token = next.map(str::to_owned);
        if self.token.is_some() {
            return true;
        }
        (self.limit, self.starts_over) = (0, true);
        !std::mem::replace(&mut self.has_started_over, true)
    }
}

/// The token for the page behind this one, where it stands in front of the objects, as the API server writes it.
fn early_token(body: &[u8]) -> Option<String> {
    let end = memmem::find(body, br#","items":["#)?;
    let head = [body.get(..end)?, b"}"].concat();
    serde_json::from_slice::<List<IgnoredAny>>(&head).ok()?.metadata.token()
}

/// Reads a page. A large one is read on a thread of its own, so that this one is free for what comes in.
async fn read<T: DeserializeOwned + Send + 'static>(
    transport: &Transport,
    query: &ListQuery,
    body: Vec<u8>,
) -> Result<List<T>, ClusterError> {
    let is_small = body.len() < SMALL;
    let decode = move || serde_json::from_slice::<List<T>>(&body);
    let decoded = if is_small {
        decode()
    } else {
        spawn_blocking(decode).await.unwrap_or_else(|lost| Err(serde_json::Error::custom(lost)))
    };
    decoded.map_err(|error| transport.broken(&query.path(0, None), &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_escaped() {
        let mut query = ListQuery::new(Resource::built_in("po").unwrap(), Some("shop".to_owned()));
        query.labels = Some("app in (a,b),tier!=x".to_owned());
        query.fields = Some(String::new());
        assert_eq!(
            query.path(500, Some("a=")),
            "/api/v1/namespaces/shop/pods?labelSelector=app%20in%20%28a%2Cb%29%2Ctier%21%3Dx&limit=500&continue=a%3D"
        );
        assert_eq!(query.path(0, None).split('&').count(), 1);
    }
}
