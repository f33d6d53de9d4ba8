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
struct List<T> {
    #[serde(default)]
    metadata: ListMeta,
    // Some servers write null for none.
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
    let mut pages = Pages { transport, query, accept, limit: query.chunk_size, starts_over: false };
    let mut body = pages.fetch(None).await?;
    loop {
        let starts_over = mem::take(&mut pages.starts_over);
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
    limit: usize,
    /// Whether the list began again with the page that was got last.
    starts_over: bool,
}

impl Pages<'_> {
    /// The page that a token stands for, the first one without.
    async fn fetch(&mut self, mut token: Option<String>) -> Result<Vec<u8>, ClusterError> {
        loop {
            let path = self.query.path(self.limit, token.as_deref());
            match self.transport.body(&path, self.accept).await {
                Err(error) if error.kind() == ErrorKind::Expired && token.is_some() => {
                    // The same token again would expire for ever.
                    token = error.continue_token().filter(|next| token.as_deref() != Some(*next)).map(str::to_owned);
                    if token.is_none() {
                        (self.limit, self.starts_over) = (0, true);
                    }
                }
                answer => return answer,
            }
        }
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
