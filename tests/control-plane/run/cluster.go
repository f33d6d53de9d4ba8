package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// pollEvery is the pause between two looks at a server that is starting.
const pollEvery = 50 * time.Millisecond

// info is what a client needs; it is printed as the one line of output.
type info struct {
	URL        string `json:"url"`
	Token      string `json:"token"`
	CAFile     string `json:"caFile"`
	Kubeconfig string `json:"kubeconfig"`
	// Version is the server's answer to /version, as it is.
	Version json.RawMessage `json:"version"`
}

// cluster is a set of running servers and their folder.
type cluster struct {
	info      info
	dir       string
	id        identity
	client    *http.Client
	processes []*process
	ended     chan *process
	// apiserver has the arguments of kube-apiserver, so that it can be started again.
	apiserver []string
}

// startOnFreePorts starts everything, and again on other ports when one was taken between picking and using it.
func startOnFreePorts(ctx context.Context, o options) (*cluster, error) {
	for attempt := 1; ; attempt++ {
		c, lostPort, err := start(ctx, o)
		if err == nil || !lostPort || attempt == 5 {
			return c, err
		}
	}
}

func start(ctx context.Context, o options) (c *cluster, lostPort bool, err error) {
	c = &cluster{ended: make(chan *process, 3)}
	defer func() {
		if err != nil {
			for _, p := range c.processes {
				lostPort = lostPort || p.lostPort()
			}
			c.stop()
			c = nil
		}
	}()
	if c.dir, err = os.MkdirTemp("", "control-plane-"); err != nil {
		return
	}
	if c.id, err = newIdentity(c.dir); err != nil {
		return
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.readyIn, fmt.Errorf("not ready after %v", o.readyIn))
	defer cancel()
	err = c.startServers(ctx, o)
	return
}

func (c *cluster) startServers(ctx context.Context, o options) error {
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	etcd, peer := "http://127.0.0.1:"+ports[0], "http://127.0.0.1:"+ports[1]
	if err := c.startClient("https://127.0.0.1:" + ports[2]); err != nil {
		return err
	}
	if err := c.run(o.bin, "etcd", etcdArgs(etcd, peer)); err != nil {
		return err
	}
	c.apiserver = c.apiserverArgs(o, etcd, ports[2])
	if err := c.run(o.bin, "kube-apiserver", c.apiserver); err != nil {
		return err
	}
	// /readyz does not wait for the default namespace, which the tests take for granted.
	if err := c.await(ctx, "/readyz", "/api/v1/namespaces/default"); err != nil {
		return err
	}
	if o.controllers {
		if err := c.run(o.bin, "kube-controller-manager", c.controllerArgs(o)); err != nil {
			return err
		}
		if err := c.await(ctx, "/api/v1/namespaces/default/serviceaccounts/default"); err != nil {
			return err
		}
	}
	c.info.Version, err = c.get(ctx, "/version")
	return err
}

// obey stops kube-apiserver as a crash does, or starts it again and waits until it is ready.
func (c *cluster) obey(ctx context.Context, o options, order string) error {
	switch order {
	case "stop":
		for _, p := range c.processes {
			if p.name == "kube-apiserver" {
				p.stopped.Store(true)
				p.kill()
			}
		}
		return nil
	case "start":
		if err := c.run(o.bin, "kube-apiserver", c.apiserver); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeoutCause(ctx, o.readyIn, fmt.Errorf("not ready after %v", o.readyIn))
		defer cancel()
		return c.await(ctx, "/readyz")
	}
	return fmt.Errorf("unknown order %q", order)
}

func etcdArgs(client, peer string) []string {
	return []string{
		"--data-dir=etcd", "--unsafe-no-fsync", "--log-level=warn",
		"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer, "--initial-cluster=default=" + peer,
	}
}

func (c *cluster) apiserverArgs(o options, etcd, port string) []string {
	args := []string{
		"--etcd-servers=" + etcd,
		"--bind-address=127.0.0.1", "--secure-port=" + port,
		// A machine with no network but loopback has no address to advertise, and a loopback one is refused as an endpoint.
		"--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
		"--cert-dir=certificates", "--tls-cert-file=" + c.id.certFile, "--tls-private-key-file=" + c.id.keyFile,
		"--token-auth-file=" + c.id.tokenFile, "--authorization-mode=RBAC",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + c.id.serviceAccountKey, "--service-account-signing-key-file=" + c.id.serviceAccountKey,
		"--service-cluster-ip-range=10.96.0.0/24",
		"--allow-privileged=true",
	}
	if !o.controllers {
		// Nothing makes service accounts then, and no pod could be created.
		args = append(args, "--disable-admission-plugins=ServiceAccount")
	}
	if o.emulatedVersion != "" {
		args = append(args, "--emulated-version="+o.emulatedVersion)
	}
	if o.admissionConfig != "" {
		args = append(args, "--admission-control-config-file="+o.admissionConfig)
	}
	return args
}

func (c *cluster) controllerArgs(o options) []string {
	args := []string{
		"--kubeconfig=" + c.info.Kubeconfig, "--leader-elect=false", "--secure-port=0",
		"--use-service-account-credentials=true",
		// The default of 20 requests a second makes rollouts of many workloads wait for nothing but this.
		"--kube-api-qps=500", "--kube-api-burst=1000",
		"--service-account-private-key-file=" + c.id.serviceAccountKey, "--root-ca-file=" + c.id.caFile,
	}
	if o.emulatedVersion != "" {
		args = append(args, "--emulated-version="+o.emulatedVersion)
	}
	return args
}

func (c *cluster) run(bin, name string, args []string) error {
	p, err := startProcess(bin, c.dir, name, args, c.ended)
	if err == nil {
		c.processes = append(c.processes, p)
	}
	return err
}

// startClient writes the kubeconfig file and makes the client that the supervisor itself uses.
func (c *cluster) startClient(url string) error {
	c.info = info{URL: url, Token: c.id.token, CAFile: c.id.caFile, Kubeconfig: filepath.Join(c.dir, "kubeconfig")}
	pem, err := os.ReadFile(c.id.caFile)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	c.client = &http.Client{
		Timeout:   5 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}},
	}
	return os.WriteFile(c.info.Kubeconfig, kubeconfig(c.info), 0o600)
}

// kubeconfig is written as JSON, which is YAML too.
func kubeconfig(i info) []byte {
	type m map[string]any
	b, err := json.MarshalIndent(m{
		"apiVersion": "v1", "kind": "Config", "current-context": "test",
		"clusters": []m{{"name": "test", "cluster": m{"server": i.URL, "certificate-authority": i.CAFile}}},
		"users":    []m{{"name": "admin", "user": m{"token": i.Token}}},
		"contexts": []m{{"name": "test", "context": m{"cluster": "test", "user": "admin", "namespace": "default"}}},
	}, "", "  ")
	if err != nil {
		panic(err) // maps of strings always marshal
	}
	return append(b, '\n')
}

// await polls until the server answers 200 for each path, a server process ends, or ctx is done.
func (c *cluster) await(ctx context.Context, paths ...string) error {
	for _, path := range paths {
		for {
			_, err := c.get(ctx, path)
			if err == nil {
				break
			}
			select {
			case p := <-c.ended:
				return p.failure()
			case <-ctx.Done():
				cause := context.Cause(ctx)
				if errors.Is(cause, errAsked) {
					return cause
				}
				last := c.processes[len(c.processes)-1]
				return fmt.Errorf("%w (%s: %v); the end of the log of %s:\n%s", cause, path, err, last.name, last.tail())
			case <-time.After(pollEvery):
			}
		}
	}
	return nil
}

func (c *cluster) get(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.info.URL+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.id.token)
	res, err := c.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = errors.New(res.Status)
	}
	return body, err
}

// stop ends every server and removes the folder.
func (c *cluster) stop() {
	for _, p := range c.processes {
		p.kill()
	}
	if c.dir != "" {
		_ = os.RemoveAll(c.dir)
	}
}

// freePorts finds loopback ports that nobody listens on; all are held until the last is found, so they differ.
func freePorts(n int) ([]string, error) {
	ports := make([]string, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		_, ports[i], err = net.SplitHostPort(l.Addr().String())
		if err != nil {
			return nil, err
		}
	}
	return ports, nil
}
