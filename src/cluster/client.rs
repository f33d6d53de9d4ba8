//! kube's client, on connections of our own.
//!
//! kube leaves Nagle's algorithm on: the first request waits until the server has acknowledged the end of the TLS
//! handshake, which servers put off for 40 ms, on every connection. And its ways to log in bring along readers of YAML,
//! JSONPath and regular expressions, for plugins that are run elsewhere (`exec.rs`). So connections are made here; what
//! speaks Kubernetes is kube's.

use http::Uri;
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::rt::TokioExecutor;
use kube::client::ConfigExt;
use kube::{Client, Config};
use percent_encoding::percent_decode_str;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service, ServiceBuilder, ServiceExt};
use tower_http::decompression::DecompressionLayer;

use super::error::ClusterError;
use super::login::basic;
use super::tls;

/// A connection that TLS may come around, to the server or through a proxy.
type Connection = MaybeHttpsStream<<HttpConnector as Service<Uri>>::Response>;

/// Makes connections. They are of one type, so that what is above them is compiled once.
type Connector = BoxCloneSyncService<Uri, Connection, BoxError>;

/// Makes the client. Starts a task, so a runtime must be entered.
pub(super) fn client(config: Config) -> Result<Client, ClusterError> {
    let settings = tls::settings(&config)?;
    let connector = connector(config.proxy_url.as_ref(), &settings);
    let mut connector = TimeoutConnector::new(https(connector, settings, config.tls_server_name.as_deref())?);
    connector.set_connect_timeout(config.connect_timeout);
    let headers = config.extra_headers_layer().map_err(|error| {
        // One level: kube's errors print what they wrap.
        ClusterError::config(format!("the connection cannot be prepared: {error}"))
    })?;
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer(DecompressionLayer::new().gzip(!config.disable_compression))
        .layer(headers)
        .map_err(BoxError::from)
        .service(legacy::Client::builder(TokioExecutor::new()).build(connector));
    Ok(Client::new(service, config.default_namespace))
}

/// TLS around what a connector makes, where the address wants it.
fn https<C>(connector: C, settings: ClientConfig, name: Option<&str>) -> Result<HttpsConnector<C>, ClusterError> {
    let mut builder = HttpsConnectorBuilder::new().with_tls_config(settings).https_or_http();
    if let Some(name) = name {
        let wrong = |_| ClusterError::config(format!("{name:?} is no name that a certificate can be for"));
        let name = ServerName::try_from(name.to_owned()).map_err(wrong)?;
        builder = builder.with_server_name_resolver(FixedServerNameResolver::new(name));
    }
    Ok(builder.enable_http1().wrap_connector(connector))
}

/// The way to a server, straight or through a proxy.
fn connector(proxy: Option<&Uri>, settings: &ClientConfig) -> Connector {
    let mut tcp = HttpConnector::new();
    // TLS comes around it.
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let Some(proxy) = proxy else {
        return BoxCloneSyncService::new(tcp.map_response(MaybeHttpsStream::Http).map_err(BoxError::from));
    };
    match proxy.scheme_str() {
        Some("socks5") => {
            let socks = SocksV5::new(proxy.clone(), tcp);
            BoxCloneSyncService::new(socks.map_response(MaybeHttpsStream::Http).map_err(BoxError::from))
        }
        Some("https") => {
            let tls = HttpsConnectorBuilder::new().with_tls_config(settings.clone()).https_only();
            let tunnel = tunnel(proxy, tls.enable_http1().wrap_connector(tcp));
            BoxCloneSyncService::new(tunnel.map_err(BoxError::from))
        }
        _ => {
            let tunnel = tunnel(proxy, tcp);
            BoxCloneSyncService::new(tunnel.map_response(MaybeHttpsStream::Http).map_err(BoxError::from))
        }
    }
}

/// A tunnel through a proxy, with the name and the password that its address may have.
fn tunnel<C>(proxy: &Uri, connector: C) -> Tunnel<C> {
    let tunnel = Tunnel::new(proxy.clone(), connector);
    let login = proxy.authority().and_then(|authority| authority.as_str().rsplit_once('@')).map(|(login, _)| login);
    let login = login.map(|login| percent_decode_str(login).decode_utf8_lossy());
    match login.and_then(|login| basic(&login).ok()) {
        Some(header) => tunnel.with_auth(header),
        None => tunnel,
    }
}
