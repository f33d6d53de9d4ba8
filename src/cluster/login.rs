//! How a user logs in: what is sent with every request.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use kube::config::AuthInfo;
use secrecy::ExposeSecret;

use super::error::ClusterError;

/// The `Authorization` header of a user, whose files are read and whose plugin has run.
pub(super) fn authorization(user: &AuthInfo) -> Result<Option<HeaderValue>, ClusterError> {
    if let Some(token) = token_of_provider(user) {
        return header(&format!("Bearer {token}")).map(Some);
    }
    if let (Some(name), Some(password)) = (&user.username, &user.password)
        && !name.is_empty()
    {
        return basic(&format!("{name}:{}", password.expose_secret())).map(Some);
    }
    let token = user.token.as_ref().map(|token| token.expose_secret()).filter(|token| !token.is_empty());
    token.map(|token| header(&format!("Bearer {token}"))).transpose()
}

/// The header of basic authentication for `name:password`.
pub(super) fn basic(name_and_password: &str) -> Result<HeaderValue, ClusterError> {
    header(&format!("Basic {}", STANDARD.encode(name_and_password)))
}

/// The token of the provider for OpenID Connect that is built into kubectl, which keeps it in the kubeconfig.
fn token_of_provider(user: &AuthInfo) -> Option<&str> {
    user.auth_provider.as_ref()?.config.get("id-token").map(String::as_str)
}

/// Refuses a user with a provider that cannot be asked for a token. `who` is the name of the user's entry.
pub(super) fn check_provider(user: &AuthInfo, who: &str) -> Result<(), ClusterError> {
    let Some(provider) = &user.auth_provider else { return Ok(()) };
    let name = provider.name.as_str();
    let why = match name {
        "oidc" if token_of_provider(user).is_some() => return Ok(()),
        "oidc" => "and has no id-token in the kubeconfig",
        "gcp" | "azure" => "which Kubernetes has removed: use its credential plugin",
        _ => "which is not known here",
    };
    Err(ClusterError::config(format!("the user {who:?} logs in with the auth provider {name:?}, {why}")))
}

fn header(text: &str) -> Result<HeaderValue, ClusterError> {
    let wrong = |_| ClusterError::config("the token has characters that cannot be sent");
    let mut header = HeaderValue::from_str(text).map_err(wrong)?;
    header.set_sensitive(true);
    Ok(header)
}
