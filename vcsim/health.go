package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// healthTimeout bounds a health check: an answer that takes longer counts as none.
const healthTimeout = 10 * time.Second

// healthCommand asks the simulator at URL for /about, as a container has neither shell nor curl inside.
func healthCommand(args []string, stdout io.Writer) error {
	address, caFile, err := parseHealth(args)
	if err != nil {
		return err
	}
	client, err := clientTrusting(caFile)
	if err != nil {
		return err
	}
	response, err := client.Get(address)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", address, response.Status)
	}
	fmt.Fprintf(stdout, "%s answers\n", address)
	return nil
}

// parseHealth accepts the flag on either side of the URL.
func parseHealth(args []string) (string, string, error) {
	flags := flag.NewFlagSet("health", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	caFile := flags.String("ca", "", "")
	if err := flags.Parse(args); err != nil {
		return "", "", usageError{err}
	}
	address := flags.Arg(0)
	if flags.NArg() > 1 {
		if err := flags.Parse(flags.Args()[1:]); err != nil {
			return "", "", usageError{err}
		}
		if flags.NArg() > 0 {
			return "", "", usageError{fmt.Errorf("unexpected argument %q", flags.Arg(0))}
		}
	}
	about, err := aboutURL(address)
	return about, *caFile, err
}

// aboutURL turns https://HOST:PORT/sdk, or the same with another path or none, into the address of /about.
func aboutURL(address string) (string, error) {
	if address == "" {
		return "", usageError{fmt.Errorf("health needs the URL of a simulator")}
	}
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" {
		return "", usageError{fmt.Errorf("%q is no URL", address)}
	}
	parsed.Path, parsed.RawQuery, parsed.User = "/about", "", nil
	return parsed.String(), nil
}

// clientTrusting returns a client that trusts the given authority, or the system's without one.
func clientTrusting(caFile string) (*http.Client, error) {
	config := &tls.Config{}
	if caFile != "" {
		content, err := os.ReadFile(caFile)
		if err != nil {
			return nil, fmt.Errorf("--ca: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(content) {
			return nil, fmt.Errorf("--ca: %s holds no certificate", caFile)
		}
	}
	transport := &http.Transport{TLSClientConfig: config}
	return &http.Client{Timeout: healthTimeout, Transport: transport}, nil
}
