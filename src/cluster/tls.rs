//! TLS: whose certificates are taken of a server, and which one is shown to it.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube::Config;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_platform_verifier::BuilderVerifierExt;
use secrecy::ExposeSecret;

use super::error::ClusterError;

/// The client's side of TLS: what the configuration says of certificates, and the system's authorities where it names
/// none.
pub(super) fn settings(config: &Config) -> Result<ClientConfig, ClusterError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder = builder.map_err(broken)?;
    let builder = match &config.root_cert {
        _ if config.accept_invalid_certs => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyServer(provider)))
        }
        Some(roots) => builder.with_root_certificates(store(roots)?),
        None => builder.with_platform_verifier().map_err(broken)?,
    };
    match identity(config)? {
        Some((certificates, key)) => builder.with_client_auth_cert(certificates, key).map_err(|error| {
            ClusterError::config(format!("the client certificate and its key cannot be used: {error}"))
        }),
        None => Ok(builder.with_no_client_auth()),
    }
}

fn broken(error: rustls::Error) -> ClusterError {
    ClusterError::config(format!("no TLS connection can be made: {error}"))
}

fn store(roots: &[Vec<u8>]) -> Result<RootCertStore, ClusterError> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store
            .add(CertificateDer::from(root.as_slice()).into_owned())
            .map_err(|error| ClusterError::config(format!("a certificate of the authority cannot be used: {error}")))?;
    }
    Ok(store)
}

/// The client's certificate, with those that lead to an authority, and its key.
type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn identity(config: &Config) -> Result<Option<Identity>, ClusterError> {
    let user = &config.auth_info;
    let (Some(certificate), Some(key)) = (&user.client_certificate_data, &user.client_key_data) else {
        return Ok(None);
    };
    let no_certificate = || ClusterError::config("there is no PEM certificate in the client certificate");
    let pem = STANDARD.decode(certificate).map_err(|_| no_certificate())?;
    let certificates: Vec<_> =
        CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(|_| no_certificate())?;
    if certificates.is_empty() {
        return Err(no_certificate());
    }
    let no_key = || ClusterError::config("there is no PEM key (PKCS #8, PKCS #1 or SEC 1) in the client key");
    let compact: String = key.expose_secret().split_ascii_whitespace().collect();
    let pem = STANDARD.decode(compact).map_err(|_| no_key())?;
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| no_key())?;
    Ok(Some((certificates, key)))
}

/// Takes whatever a server shows: what `--insecure-skip-tls-verify` asks for.
#[derive(Debug)]
struct AnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
