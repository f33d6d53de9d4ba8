//! Which proxy leads to a server, by the same rules as Go's HTTP client.

use std::net::IpAddr;

use http::Uri;

use super::options::Environment;

/// The proxy that the environment names for a server. A proxy named in a kubeconfig comes first and knows no exceptions,
/// so it is not asked for here.
pub(super) fn of_environment<'a>(environment: &'a Environment, server: &Uri) -> Option<&'a str> {
    let proxy = match server.scheme_str() {
        Some("http") => environment.http_proxy.as_deref(),
        _ => environment.https_proxy.as_deref(),
    };
    let host = server.host()?.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let port = server.port_u16().unwrap_or(if server.scheme_str() == Some("http") { 80 } else { 443 });
    let excepted = is_local(&host) || is_excepted(environment.no_proxy.as_deref().unwrap_or_default(), &host, port);
    proxy.filter(|proxy| !proxy.is_empty() && !excepted)
}

/// Reads a proxy's address; without a scheme it is an HTTP proxy.
pub(super) fn parse(proxy: &str) -> Option<Uri> {
    let address = match proxy.split_once("://") {
        // The names are always looked up by the proxy, which is all that "h" asks for.
        Some(("socks5h", rest)) => format!("socks5://{rest}"),
        Some(_) => proxy.to_owned(),
        None => format!("http://{proxy}"),
    };
    let uri: Uri = address.parse().ok()?;
    (matches!(uri.scheme_str(), Some("http" | "https" | "socks5")) && uri.host().is_some()).then_some(uri)
}

fn is_local(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn is_excepted(no_proxy: &str, host: &str, port: u16) -> bool {
    let ip: Option<IpAddr> = host.parse().ok();
    no_proxy.split(',').map(|entry| entry.trim().to_ascii_lowercase()).filter(|entry| !entry.is_empty()).any(|entry| {
        if entry == "*" {
            return true;
        }
        if let Some((network, bits)) = entry.split_once('/') {
            return ip.is_some_and(|ip| contains(network, bits, ip));
        }
        let (name, wanted_port) = split_port(&entry);
        if wanted_port.is_some_and(|wanted| wanted != port) {
            return false;
        }
        match ip {
            Some(ip) => name.parse::<IpAddr>().is_ok_and(|other| other == ip),
            None => matches_domain(name.strip_prefix('*').unwrap_or(name), host),
        }
    })
}

/// `example.com` stands for itself and what is below it, `.example.com` only for what is below it.
fn matches_domain(domain: &str, host: &str) -> bool {
    match domain.strip_prefix('.') {
        Some(_) => host.ends_with(domain),
        None => host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')),
    }
}

fn split_port(entry: &str) -> (&str, Option<u16>) {
    if let Some(rest) = entry.strip_prefix('[')
        && let Some((ip, port)) = rest.split_once(']')
    {
        return (ip, port.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match entry.split_once(':') {
        Some((name, port)) if !port.contains(':') => match port.parse() {
            Ok(port) => (name, Some(port)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    }
}

/// Whether `ip` is in the network `network/bits`.
fn contains(network: &str, bits: &str, ip: IpAddr) -> bool {
    let (Ok(network), Ok(bits)) = (network.parse(), bits.parse::<u32>()) else { return false };
    let (network, ip, length) = match (network, ip) {
        (IpAddr::V4(network), IpAddr::V4(ip)) => (u128::from(network.to_bits()), u128::from(ip.to_bits()), 32),
        (IpAddr::V6(network), IpAddr::V6(ip)) => (network.to_bits(), ip.to_bits(), 128),
        _ => return false,
    };
    bits <= length && (network ^ ip).checked_shr(length - bits).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(server: &str, no_proxy: &str) -> Option<String> {
        let environment = Environment {
            https_proxy: Some("proxy:1".to_owned()),
            http_proxy: Some("plain:2".to_owned()),
            no_proxy: Some(no_proxy.to_owned()),
            ..Environment::default()
        };
        of_environment(&environment, &server.parse().unwrap()).map(str::to_owned)
    }

    #[test]
    fn the_scheme_chooses_and_loopback_needs_none() {
        assert_eq!(proxy("https://k8s.example", "").as_deref(), Some("proxy:1"));
        assert_eq!(proxy("http://k8s.example", "").as_deref(), Some("plain:2"));
        for local in ["https://localhost:6443", "https://127.0.0.1:6443", "https://[::1]:6443"] {
            assert_eq!(proxy(local, ""), None, "{local}");
        }
    }

    #[test]
    fn exceptions_are_of_the_server_not_of_the_proxy() {
        for (server, no_proxy, excepted) in [
            ("https://k8s.example", "proxy", false),
            ("https://k8s.example", "a, K8S.example", true),
            ("https://api.k8s.example", "k8s.example", true),
            ("https://api.k8s.example", ".k8s.example", true),
            ("https://k8s.example", ".k8s.example", false),
            ("https://notk8s.example", "k8s.example", false),
            ("https://k8s.example:6443", "k8s.example:443", false),
            ("https://k8s.example", "k8s.example:443", true),
            ("https://10.1.2.3:6443", "10.1.0.0/16", true),
            ("https://10.2.2.3:6443", "10.1.0.0/16", false),
            ("https://10.2.2.3:6443", "0.0.0.0/0", true),
            ("https://10.1.2.3:6443", "10.1.2.3", true),
            ("https://[fd00::1]:6443", "fd00::/8", true),
            ("https://[fd00::1]:6443", "[fd00::1]:6443", true),
            ("https://k8s.example", "*", true),
        ] {
            assert_eq!(proxy(server, no_proxy).is_none(), excepted, "{server} {no_proxy}");
        }
    }

    #[test]
    fn addresses_of_proxies() {
        let read = |proxy| parse(proxy).map(|uri| uri.to_string());
        assert_eq!(read("proxy:3128").as_deref(), Some("http://proxy:3128/"));
        assert_eq!(read("socks5h://proxy:1080").as_deref(), Some("socks5://proxy:1080/"));
        assert_eq!(read("ftp://proxy"), None);
        assert_eq!(read("http://"), None);
    }
}
