//! What is known about the cluster to connect to, as plain data.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Which cluster to talk to, as whom, and how: kubectl's flags as data.
#[derive(Debug, Clone, Default)]
pub struct ConnectOptions {
    /// The only kubeconfig file to read, in place of those of the environment.
    pub kubeconfig: Option<PathBuf>,
    /// The context to use in place of the current one.
    pub context: Option<String>,
    /// The cluster entry to use in place of the context's.
    pub cluster: Option<String>,
    /// The user entry to use in place of the context's.
    pub user: Option<String>,
    /// Whom to act as.
    pub impersonation: Impersonation,
    /// The address of the API server.
    pub server: Option<String>,
    /// The name to look for in the server's certificate.
    pub tls_server_name: Option<String>,
    /// Take any certificate of the server.
    pub insecure_skip_tls_verify: bool,
    /// The certificates that the server's must descend from.
    pub certificate_authority: Option<PathBuf>,
    /// The client's certificate.
    pub client_certificate: Option<PathBuf>,
    /// The key to the client's certificate.
    pub client_key: Option<PathBuf>,
    /// The bearer token.
    pub token: Option<Secret>,
    /// The user name of basic authentication.
    pub username: Option<String>,
    /// The password of basic authentication.
    pub password: Option<Secret>,
    /// How long one request may take, its answer included; `None` is no limit.
    pub request_timeout: Option<Duration>,
    /// Ask for answers that are not compressed.
    pub disable_compression: bool,
    /// Nobody is to be asked or told anything on the way: what a credential plugin has to say goes nowhere.
    pub silent: bool,
    /// What the process' surroundings say.
    pub environment: Environment,
}

/// Whom to act as.
#[derive(Debug, Clone, Default)]
pub struct Impersonation {
    /// The user.
    pub user: Option<String>,
    /// The user's ID.
    pub uid: Option<String>,
    /// The user's groups.
    pub groups: Vec<String>,
    /// More about the user: keys with one value each, a key as often as it has values.
    pub extra: Vec<(String, String)>,
}

/// The part of the process' environment that matters here. It is handed in, so that tests need not change their own.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// The files of `KUBECONFIG`.
    pub kubeconfig: Vec<PathBuf>,
    /// The home folder, where `.kube/config` may be.
    pub home: Option<PathBuf>,
    /// `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT`, which every container of a cluster has.
    pub service: Option<(String, String)>,
    /// The folder of the service account's token, where every container of a cluster has it.
    pub service_account: Option<PathBuf>,
    /// `HTTPS_PROXY`.
    pub https_proxy: Option<String>,
    /// `HTTP_PROXY`.
    pub http_proxy: Option<String>,
    /// `NO_PROXY`.
    pub no_proxy: Option<String>,
    /// Whether somebody could answer a credential plugin's question.
    pub stdin_is_terminal: bool,
}

/// A text that never shows in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Reads the value of `--request-timeout`: whole seconds or a Go duration; zero is no limit.
///
/// # Errors
///
/// Says what a value has to look like.
pub fn parse_timeout(text: &str) -> Result<Option<Duration>, String> {
    let duration = match text.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => go_duration(text),
    };
    match duration {
        Some(duration) => Ok((!duration.is_zero()).then_some(duration)),
        None => {
            Err("must be whole seconds or a number with a unit, such as 30, 90s or 1m30s; 0 is no limit".to_owned())
        }
    }
}

/// A duration as Go writes it, such as `1h15m30.918s`.
fn go_duration(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut seconds = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit() && c != '.')?);
        let (unit, after) = after.split_at(after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len()));
        let factor = match unit {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * factor;
        rest = after;
    }
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_seconds_or_go_durations() {
        let read = |text: &str| parse_timeout(text).map(|limit| limit.map(|limit| limit.as_millis()));
        assert_eq!(read("0"), Ok(None));
        assert_eq!(read("0s"), Ok(None));
        assert_eq!(read("30"), Ok(Some(30_000)));
        assert_eq!(read("1m30s"), Ok(Some(90_000)));
        assert_eq!(read("1.5h"), Ok(Some(5_400_000)));
        assert_eq!(read("250ms"), Ok(Some(250)));
        for wrong in ["", "s", "-1", "-1s", "1 m", "1x", "ten", "1.", "1..5s"] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn secrets_do_not_show() {
        let options = ConnectOptions { token: Some(Secret::new("abc123".to_owned())), ..ConnectOptions::default() };
        assert!(!format!("{options:?}").contains("abc123"));
    }
}
