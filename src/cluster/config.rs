//! From flags, kubeconfig and surroundings to a configuration for kube.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, USER_AGENT};
use http::{HeaderValue, Uri};
use kube::Config;
use kube::config::{AuthInfo, Cluster};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::error::ClusterError;
use super::exec;
use super::kubeconfig::{self, Chosen};
use super::login;
use super::options::{ConnectOptions, Environment, Impersonation};
use super::proxy;

/// Everything that is needed to connect, and the names of it.
pub(super) struct Resolved {
    pub(super) config: Config,
    pub(super) context: Option<String>,
    pub(super) cluster: Option<String>,
    /// Whether others may be had when the server does not take the credentials any more: of a plugin, or of a file that
    /// somebody keeps new.
    pub(super) can_expire: bool,
}

/// Finds out where to connect to and as whom. Runs the credential plugin, if the user has one.
pub(super) fn resolve(options: &ConnectOptions) -> Result<Resolved, ClusterError> {
    let loaded = kubeconfig::load(options)?;
    let chosen = match loaded.choose(options)? {
        Some(chosen) => chosen,
        None => in_cluster(&options.environment)?.ok_or_else(|| loaded.nothing_configured())?,
    };
    let Chosen { context, cluster_name, user_name, namespace, mut cluster, mut user } = chosen;
    override_cluster(&mut cluster, options);
    override_user(&mut user, options)?;
    check_impersonation(&user)?;
    let who = user_name.as_deref().unwrap_or("default");
    login::check_provider(&user, who)?;
    let roots = roots(&cluster)?;
    let can_expire = user.token.is_none() && (user.exec.is_some() || user.token_file.is_some());
    // The files come first: a plugin may ask questions, and in vain if something else is wrong.
    load_files(&mut user)?;
    let url = server_url(&cluster, &user)?;
    if user.token.is_none() && user.auth_provider.is_none() {
        let identity = exec::run_plugin(&mut user, &cluster, options)?;
        if let Some((certificate, key)) = identity {
            user.client_certificate_data = Some(STANDARD.encode(certificate));
            user.client_key_data = Some(STANDARD.encode(key).into());
        }
    }
    user.exec = None;
    let mut config = Config::new(url);
    config.proxy_url = proxy_url(&cluster, &options.environment, &config.cluster_url)?;
    config.default_namespace = namespace.unwrap_or_else(|| "default".to_owned());
    config.accept_invalid_certs = cluster.insecure_skip_tls_verify == Some(true);
    config.tls_server_name = cluster.tls_server_name.filter(|name| !name.is_empty());
    config.disable_compression = cluster.disable_compression == Some(true);
    // The system's roots take milliseconds to load and may be missing in a container: only where they are needed.
    let is_https = |uri: &Uri| uri.scheme_str() == Some("https");
    let needs_roots = is_https(&config.cluster_url) || config.proxy_url.as_ref().is_some_and(is_https);
    let needs_roots = needs_roots && !config.accept_invalid_certs;
    config.root_cert = roots.or_else(|| (!needs_roots).then(Vec::new));
    config.headers.extend(login::authorization(&user)?.map(|header| (AUTHORIZATION, header)));
    config.auth_info = user;
    // kube's policy would try for hours.
    config.default_retry = false;
    config.headers.push((USER_AGENT, HeaderValue::from_static(concat!("kubectl-secctx/", env!("CARGO_PKG_VERSION")))));
    Ok(Resolved { config, context, cluster: cluster_name, can_expire })
}

/// What every container of a cluster finds in its surroundings.
fn in_cluster(environment: &Environment) -> Result<Option<Chosen>, ClusterError> {
    let (Some((host, port)), Some(folder)) = (&environment.service, &environment.service_account) else {
        return Ok(None);
    };
    let token_file = folder.join("token");
    if !token_file.is_file() {
        return Ok(None);
    }
    let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let cluster = Cluster {
        server: Some(format!("https://{host}:{port}")),
        certificate_authority: Some(path("ca.crt")),
        ..Cluster::default()
    };
    let user = AuthInfo { token_file: Some(path("token")), ..AuthInfo::default() };
    let namespace = fs::read_to_string(folder.join("namespace")).ok();
    let namespace = namespace.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    Ok(Some(Chosen { namespace, cluster, user, ..Chosen::default() }))
}

/// Flags win over the cluster entry, and those that belong together win together.
fn override_cluster(cluster: &mut Cluster, options: &ConnectOptions) {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    if options.insecure_skip_tls_verify || options.certificate_authority.is_some() {
        cluster.insecure_skip_tls_verify = Some(options.insecure_skip_tls_verify);
        cluster.certificate_authority = options.certificate_authority.as_deref().map(text);
        cluster.certificate_authority_data = None;
    }
    // The entry's name belongs to the entry's server.
    if options.server.is_some() || options.tls_server_name.is_some() {
        cluster.tls_server_name = options.tls_server_name.clone();
    }
    if let Some(server) = &options.server {
        cluster.server = Some(server.clone());
    }
    if options.disable_compression {
        cluster.disable_compression = Some(true);
    }
}

fn override_user(user: &mut AuthInfo, options: &ConnectOptions) -> Result<(), ClusterError> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    if let Some(path) = &options.client_certificate {
        user.client_certificate = Some(text(path));
        user.client_certificate_data = None;
    }
    if let Some(path) = &options.client_key {
        user.client_key = Some(text(path));
        user.client_key_data = None;
    }
    if let Some(token) = &options.token {
        user.token = Some(token.reveal().to_owned().into());
        (user.token_file, user.username, user.password, user.auth_provider) = (None, None, None, None);
    }
    override_basic(user, options)?;
    let Impersonation { user: as_user, uid, groups, extra } = &options.impersonation;
    if as_user.is_some() {
        user.impersonate = as_user.clone();
    }
    if uid.is_some() {
        user.impersonate_uid = uid.clone();
    }
    if !groups.is_empty() {
        user.impersonate_groups = Some(groups.clone());
    }
    if !extra.is_empty() {
        let mut by_key: HashMap<String, Vec<String>> = HashMap::new();
        for (key, value) in extra {
            by_key.entry(key.clone()).or_default().push(value.clone());
        }
        user.impersonate_user_extra = Some(by_key);
    }
    let unsendable = |text: &String| HeaderValue::from_str(text).is_err();
    let named = [&user.impersonate, &user.impersonate_uid].into_iter().flatten();
    if named.chain(user.impersonate_groups.iter().flatten()).any(unsendable) {
        return Err(ClusterError::config("the user, uid or group to act as has characters that cannot be sent"));
    }
    Ok(())
}

/// A name of the flags wins over every way to log in that the entry has. A name alone comes with an empty password.
fn override_basic(user: &mut AuthInfo, options: &ConnectOptions) -> Result<(), ClusterError> {
    if let Some(name) = options.username.as_ref().filter(|name| !name.is_empty()) {
        user.username = Some(name.clone());
        (user.token, user.token_file, user.auth_provider, user.exec) = (None, None, None, None);
    }
    let is_named = user.username.as_ref().is_some_and(|name| !name.is_empty());
    match &options.password {
        Some(_) if !is_named => return Err(ClusterError::config("--password needs a user name: give --username too")),
        Some(password) => user.password = Some(password.reveal().to_owned().into()),
        None if is_named && user.password.is_none() => user.password = Some(String::new().into()),
        None => {}
    }
    Ok(())
}

fn check_impersonation(user: &AuthInfo) -> Result<(), ClusterError> {
    let filled = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    let more = filled(&user.impersonate_uid)
        || user.impersonate_groups.as_ref().is_some_and(|groups| !groups.is_empty())
        || user.impersonate_user_extra.as_ref().is_some_and(|extra| !extra.is_empty());
    if more && !filled(&user.impersonate) {
        return Err(ClusterError::config(
            "--as-uid, --as-group and --as-user-extra need a user to act as: give --as too",
        ));
    }
    Ok(())
}

/// The certificates that the server's must descend from; `None` stands for the system's.
fn roots(cluster: &Cluster) -> Result<Option<Vec<Vec<u8>>>, ClusterError> {
    let data = cluster.certificate_authority_data.as_deref().filter(|data| !data.is_empty());
    let file = cluster.certificate_authority.as_deref().filter(|file| !file.is_empty());
    let (pem, place) = match (data, file) {
        (Some(data), _) => (decode(data, "certificate-authority-data")?, "certificate-authority-data".to_owned()),
        (None, Some(file)) => (read_file(file, "certificate authority")?, file.to_owned()),
        (None, None) => return Ok(None),
    };
    if cluster.insecure_skip_tls_verify == Some(true) {
        return Err(ClusterError::config(
            "a certificate authority and --insecure-skip-tls-verify exclude each other: the server's certificate is either checked or not",
        ));
    }
    let certificates: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(&pem).map(|read| read.map(|der| der.to_vec())).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(Some(certificates)),
        _ => Err(ClusterError::config(format!("there is no PEM certificate in {place}"))),
    }
}

/// Replaces the names of files by what is in them, so that a missing one is told by its name, once.
fn load_files(user: &mut AuthInfo) -> Result<(), ClusterError> {
    let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    if let (None, Some(file)) = (filled(&user.client_certificate_data), filled(&user.client_certificate)) {
        user.client_certificate_data = Some(STANDARD.encode(read_file(&file, "client certificate")?));
    }
    if let (None, Some(file)) = (&user.client_key_data, filled(&user.client_key)) {
        user.client_key_data = Some(STANDARD.encode(read_file(&file, "client key")?).into());
    }
    match (filled(&user.client_certificate_data), &user.client_key_data) {
        // Line breaks are allowed here, and not for kube.
        (Some(data), Some(_)) => {
            user.client_certificate_data = Some(STANDARD.encode(decode(&data, "client-certificate-data")?));
        }
        (None, None) => {}
        (Some(_), None) => return Err(ClusterError::config("there is a client certificate without its key")),
        (None, Some(_)) => return Err(ClusterError::config("there is a client key without its certificate")),
    }
    (user.client_certificate, user.client_key) = (None, None);
    if let (None, Some(file)) = (&user.token, filled(&user.token_file)) {
        // kube would send the line break at the end of the file, which no header may hold.
        let token = String::from_utf8_lossy(&read_file(&file, "token")?).trim().to_owned();
        user.token = Some(token.into());
    }
    user.token_file = None;
    Ok(())
}

fn read_file(path: &str, what: &str) -> Result<Vec<u8>, ClusterError> {
    fs::read(path).map_err(|error| ClusterError::config(format!("the {what} cannot be read from {path}: {error}")))
}

fn decode(data: &str, what: &str) -> Result<Vec<u8>, ClusterError> {
    let compact: String = data.split_ascii_whitespace().collect();
    STANDARD.decode(compact).map_err(|_| ClusterError::config(format!("the kubeconfig's {what} is not base64")))
}

/// The server's address. One without a scheme is an HTTPS one where anything about TLS is configured, as kubectl has it.
fn server_url(cluster: &Cluster, user: &AuthInfo) -> Result<Uri, ClusterError> {
    let server = cluster.server.as_deref().unwrap_or_default().trim();
    if server.is_empty() {
        return Err(ClusterError::config("the kubeconfig's cluster entry names no server"));
    }
    let with_tls = cluster.certificate_authority.is_some()
        || cluster.certificate_authority_data.is_some()
        || cluster.insecure_skip_tls_verify == Some(true)
        || user.client_certificate_data.is_some();
    let address = match (server.contains("://"), with_tls) {
        (true, _) => server.to_owned(),
        (false, true) => format!("https://{server}"),
        (false, false) => format!("http://{server}"),
    };
    let wrong = || ClusterError::config(format!("the server's address {server:?} is not an http or https URL"));
    let uri: Uri = address.parse().map_err(|_| wrong())?;
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    if is_http && uri.host().is_some() { with_port(uri).map_err(|_| wrong()) } else { Err(wrong()) }
}

/// Makes the port of plain HTTP explicit: the connectors of proxies take 443 for any that is left out.
fn with_port(uri: Uri) -> Result<Uri, http::Error> {
    let mut parts = uri.into_parts();
    if let (Some("http"), Some(authority)) = (parts.scheme.as_ref().map(|scheme| scheme.as_str()), &parts.authority)
        && authority.port().is_none()
    {
        parts.authority = Some(format!("{authority}:80").parse().map_err(http::Error::from)?);
    }
    Ok(Uri::from_parts(parts)?)
}

fn proxy_url(cluster: &Cluster, environment: &Environment, server: &Uri) -> Result<Option<Uri>, ClusterError> {
    let configured = cluster.proxy_url.as_deref().filter(|proxy| !proxy.is_empty());
    let Some(proxy) = configured.or_else(|| proxy::of_environment(environment, server)) else { return Ok(None) };
    // The address may hold a password.
    let wrong = || ClusterError::config("the proxy's address is not an http, https or socks5 URL");
    proxy::parse(proxy).ok_or_else(wrong).map(Some)
}
