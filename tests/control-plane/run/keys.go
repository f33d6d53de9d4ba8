package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// identity holds the files that let the servers and their clients know each other; every start makes new ones.
type identity struct {
	caFile, certFile, keyFile string
	serviceAccountKey         string
	tokenFile, token          string
}

func newIdentity(dir string) (identity, error) {
	in := func(name string) string { return filepath.Join(dir, name) }
	id := identity{
		caFile: in("ca.crt"), certFile: in("apiserver.crt"), keyFile: in("apiserver.key"),
		serviceAccountKey: in("service-account.key"), tokenFile: in("tokens.csv"),
	}
	if err := id.writeCertificates(); err != nil {
		return id, err
	}
	if _, err := writeKey(id.serviceAccountKey); err != nil {
		return id, err
	}
	secret := make([]byte, 16)
	_, _ = rand.Read(secret) // never fails, says its documentation
	id.token = hex.EncodeToString(secret)
	return id, os.WriteFile(id.tokenFile, []byte(id.token+",admin,admin,system:masters\n"), 0o600)
}

// writeCertificates makes an authority and the server certificate that it signs for the loopback address.
func (id identity) writeCertificates() error {
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "control-plane-ca"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	if err := writeCertificate(id.caFile, ca, ca, caKey.Public(), caKey); err != nil {
		return err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "kube-apiserver"},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost", "kubernetes.default.svc"},
	}
	key, err := writeKey(id.keyFile)
	if err != nil {
		return err
	}
	return writeCertificate(id.certFile, leaf, ca, key.Public(), caKey)
}

func writeCertificate(file string, cert, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) error {
	der, err := x509.CreateCertificate(rand.Reader, cert, parent, public, signer)
	if err != nil {
		return err
	}
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600)
}

func writeKey(file string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}
