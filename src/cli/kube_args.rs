//! The arguments that say which cluster to ask and as whom: kubectl's, with kubectl's meanings.

use std::env;
use std::ffi::OsString;
use std::io::{IsTerminal, stdin};
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, FromArgMatches};

use super::completion::Values;
use crate::cluster::{ClusterError, ConnectOptions, Environment, Impersonation, Secret, contexts, parse_timeout};

/// Where every container of a cluster finds its token.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// kubectl's flags about the connection, but `--namespace`, which belongs to what a command works on.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cluster options")]
pub(super) struct KubeArgs {
    /// Kubeconfig file to use in place of those in KUBECONFIG.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,

    /// Context of the kubeconfig to use; may be repeated, for one cluster after another.
    #[arg(long, value_name = "NAME", add = Values::Contexts)]
    context: Vec<String>,

    /// Use each context of the kubeconfig, one after another.
    #[arg(long, conflicts_with = "context")]
    all_contexts: bool,

    /// Cluster of the kubeconfig to use.
    #[arg(long, value_name = "NAME", add = Values::Clusters)]
    cluster: Option<String>,

    /// User of the kubeconfig to use.
    #[arg(long, value_name = "NAME", add = Values::Users)]
    user: Option<String>,

    /// User to act as: a user or a service account.
    #[arg(long = "as", value_name = "NAME")]
    as_user: Option<String>,

    /// Group to act as; may be repeated.
    #[arg(long, value_name = "GROUP")]
    as_group: Vec<String>,

    /// UID to act as.
    #[arg(long, value_name = "UID")]
    as_uid: Option<String>,

    /// More about the user to act as; may be repeated.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value)]
    as_user_extra: Vec<(String, String)>,

    /// Address and port of the API server.
    #[arg(short = 's', long, value_name = "URL")]
    server: Option<String>,

    /// Bearer token for the API server.
    #[arg(long, value_name = "TOKEN", value_parser = secret)]
    token: Option<Secret>,

    /// User name of basic authentication, which proxies before an API server may ask for.
    #[arg(long, value_name = "USERNAME", conflicts_with = "token")]
    username: Option<String>,

    /// Password of basic authentication.
    #[arg(long, value_name = "PASSWORD", value_parser = secret, conflicts_with = "token")]
    password: Option<Secret>,

    /// Name to look for in the server's certificate, where it is not the server's own.
    #[arg(long, value_name = "NAME")]
    tls_server_name: Option<String>,

    /// Do not check the server's certificate. This makes the connection insecure.
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "false",
          default_missing_value = "true", hide_default_value = true, hide_possible_values = true)]
    insecure_skip_tls_verify: bool,

    /// File with the certificates that the server's must descend from.
    #[arg(long, value_name = "FILE")]
    certificate_authority: Option<PathBuf>,

    /// File with the client's certificate.
    #[arg(long, value_name = "FILE")]
    client_certificate: Option<PathBuf>,

    /// File with the key of the client's certificate.
    #[arg(long, value_name = "FILE")]
    client_key: Option<PathBuf>,

    /// How long one request may take: seconds, or a duration such as 90s or 1m30s; 0 is no limit.
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = timeout)]
    request_timeout: Timeout,

    /// Ask for answers that are not compressed.
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "false",
          default_missing_value = "true", hide_default_value = true, hide_possible_values = true)]
    disable_compression: bool,

    /// End with 2 where the server has warned of something.
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value = "false",
          default_missing_value = "true", hide_default_value = true, hide_possible_values = true)]
    warnings_as_errors: bool,
}

/// A time limit, or none. (An `Option` would be an option of clap's.)
#[derive(Debug, Clone, Copy)]
struct Timeout(Option<Duration>);

impl KubeArgs {
    /// Whether the server's warnings are failures.
    pub(super) fn takes_warnings_for_errors(&self) -> bool {
        self.warnings_as_errors
    }

    /// What the flags and the process' environment say together, once for each context that was asked for.
    ///
    /// # Errors
    ///
    /// The kubeconfig cannot be read for the names of all its contexts.
    pub(super) fn all_options(&self) -> Result<Vec<ConnectOptions>, ClusterError> {
        let contexts = if self.all_contexts { contexts(&self.options(None))? } else { self.context.clone() };
        if contexts.is_empty() {
            return Ok(vec![self.options(None)]);
        }
        Ok(contexts.into_iter().map(|context| self.options(Some(context))).collect())
    }

    /// What the flags of a line that is still being typed say: each one's long name with its value. Flags that are not
    /// about the connection are passed over; `None` where the others do not go together.
    pub(super) fn options_so_far<'a>(
        given: impl Iterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Option<ConnectOptions> {
        let command = Self::augment_args(clap::Command::new("connection").no_binary_name(true));
        let is_known = |name: &str| command.get_arguments().any(|arg| arg.get_long() == Some(name));
        let words: Vec<_> = given
            .filter(|(name, _)| is_known(name))
            .map(|(name, value)| value.map_or_else(|| format!("--{name}"), |value| format!("--{name}={value}")))
            .collect();
        let args = Self::from_arg_matches(&command.try_get_matches_from(words).ok()?).ok()?;
        let mut options = args.all_options().ok()?.into_iter().next()?;
        options.silent = true;
        Some(options)
    }

    /// The flags that say which cluster is asked and as whom, as they were given; secrets and what only says how are left
    /// out.
    pub(super) fn flags(&self) -> Vec<(&'static str, String)> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.to_string_lossy().into_owned());
        let mut flags = vec![("--kubeconfig", path(&self.kubeconfig))];
        flags.extend(self.context.iter().map(|name| ("--context", Some(name.clone()))));
        flags.extend([
            ("--cluster", self.cluster.clone()),
            ("--user", self.user.clone()),
            ("--server", self.server.clone()),
            ("--as", self.as_user.clone()),
        ]);
        flags.extend(self.as_group.iter().map(|group| ("--as-group", Some(group.clone()))));
        let mut given: Vec<_> = flags.into_iter().filter_map(|(flag, value)| Some((flag, value?))).collect();
        if self.all_contexts {
            given.push(("--all-contexts", String::new()));
        }
        given
    }

    fn options(&self, context: Option<String>) -> ConnectOptions {
        ConnectOptions {
            kubeconfig: self.kubeconfig.clone(),
            context,
            cluster: self.cluster.clone(),
            user: self.user.clone(),
            impersonation: Impersonation {
                user: self.as_user.clone(),
                uid: self.as_uid.clone(),
                groups: self.as_group.clone(),
                extra: self.as_user_extra.clone(),
            },
            server: self.server.clone(),
            tls_server_name: self.tls_server_name.clone(),
            insecure_skip_tls_verify: self.insecure_skip_tls_verify,
            certificate_authority: self.certificate_authority.clone(),
            client_certificate: self.client_certificate.clone(),
            client_key: self.client_key.clone(),
            token: self.token.clone(),
            username: self.username.clone(),
            password: self.password.clone(),
            request_timeout: self.request_timeout.0,
            disable_compression: self.disable_compression,
            silent: false,
            environment: environment(),
        }
    }
}

/// What the process' environment says about clusters.
fn environment() -> Environment {
    let kubeconfig = env::var_os("KUBECONFIG").unwrap_or_default();
    let either = |name: &str| text(name).or_else(|| text(&name.to_ascii_lowercase()));
    Environment {
        kubeconfig: env::split_paths(&kubeconfig).filter(|path| !path.as_os_str().is_empty()).collect(),
        home: env::home_dir(),
        service: text("KUBERNETES_SERVICE_HOST").zip(text("KUBERNETES_SERVICE_PORT")),
        service_account: Some(PathBuf::from(SERVICE_ACCOUNT)),
        https_proxy: either("HTTPS_PROXY"),
        http_proxy: either("HTTP_PROXY"),
        no_proxy: either("NO_PROXY"),
        stdin_is_terminal: stdin().is_terminal(),
    }
}

fn text(name: &str) -> Option<String> {
    env::var_os(name).map(OsString::into_string)?.ok().filter(|text| !text.is_empty())
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("must be KEY=VALUE".to_owned()),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "clap's parsers may fail")]
fn secret(text: &str) -> Result<Secret, String> {
    Ok(Secret::new(text.to_owned()))
}

fn timeout(text: &str) -> Result<Timeout, String> {
    parse_timeout(text).map(Timeout)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct App {
        #[command(flatten)]
        kube: KubeArgs,
    }

    fn options(args: &[&str]) -> ConnectOptions {
        App::try_parse_from([&["app"], args].concat()).unwrap().kube.options(None)
    }

    #[test]
    fn flags_mean_what_they_mean_to_kubectl() {
        let options = options(&[
            "--as=jane",
            "--as-group=a,b",
            "--as-group=c",
            "--as-user-extra=scopes=x=y",
            "--request-timeout=90s",
            "--insecure-skip-tls-verify",
            "-s",
            "https://k8s.example",
        ]);
        assert_eq!(options.impersonation.groups, ["a,b", "c"]);
        assert_eq!(options.impersonation.extra, [("scopes".to_owned(), "x=y".to_owned())]);
        assert_eq!(options.request_timeout, Some(Duration::from_secs(90)));
        assert!(options.insecure_skip_tls_verify);
        assert_eq!(options.server.as_deref(), Some("https://k8s.example"));
    }

    #[test]
    fn flags_are_told_without_secrets() {
        for secrets in [["--token=abc", "--context=b"], ["--username=u", "--password=p"]] {
            let app = App::try_parse_from(["app", "--context=a", "--as=jane"].iter().chain(&secrets)).unwrap();
            let flags: Vec<_> = app.kube.flags().into_iter().map(|(flag, value)| format!("{flag} {value}")).collect();
            assert!(flags.iter().all(|flag| flag.starts_with("--context ") || flag == "--as jane"), "{flags:?}");
            assert!(flags.len() > 1, "{flags:?}");
        }
    }

    #[test]
    fn switches_can_be_off_and_nothing_is_no_limit() {
        let options = options(&["--insecure-skip-tls-verify=false"]);
        assert!(!options.insecure_skip_tls_verify && !options.disable_compression);
        assert_eq!(options.request_timeout, None);
    }

    #[test]
    fn secrets_do_not_show() {
        for secret in ["--token=abc123", "--password=abc123"] {
            let app = App::try_parse_from(["app", secret]).unwrap();
            assert!(!format!("{app:?}").contains("abc123"));
        }
        assert!(App::try_parse_from(["app", "--request-timeout=soon"]).is_err());
    }
}
