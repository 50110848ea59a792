package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// certificateLife is long enough for any test run; the certificates die with the process anyway.
const certificateLife = 30 * 24 * time.Hour

// certificates is what one start of the simulator serves TLS with; the keys never leave the process.
type certificates struct {
	caPEM []byte
	leaf  tls.Certificate
}

// makeCertificates creates a fresh authority and a leaf for localhost, 127.0.0.1, ::1 and the extra names.
func makeCertificates(extra []string, now time.Time) (*certificates, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	ca, err := makeAuthority(now, caKey)
	if err != nil {
		return nil, err
	}
	leaf, err := makeLeaf(extra, now, ca, caKey)
	if err != nil {
		return nil, err
	}
	leaf.Certificate = append(leaf.Certificate, ca.Raw)
	return &certificates{caPEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw}), leaf: *leaf}, nil
}

// makeAuthority signs itself. The parsed result has the key identifier that the leaf has to name: Python 3.13 and later refuse a
// certificate without one.
func makeAuthority(now time.Time, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	template, err := authorityTemplate(now)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func makeLeaf(extra []string, now time.Time, ca *x509.Certificate, caKey *ecdsa.PrivateKey) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template, err := leafTemplate(extra, now)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca, key.Public(), caKey)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

func authorityTemplate(now time.Time) (*x509.Certificate, error) {
	serial, err := serialNumber()
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "vsphere-motion-vcsim CA " + serial.Text(16)[:8]},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(certificateLife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}, nil
}

func leafTemplate(extra []string, now time.Time) (*x509.Certificate, error) {
	serial, err := serialNumber()
	if err != nil {
		return nil, err
	}
	leaf := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "localhost"},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(certificateLife),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	addNames(leaf, extra)
	return leaf, nil
}

// addNames adds each name to the certificate, as an address where it is one.
func addNames(leaf *x509.Certificate, names []string) {
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, name)
		}
	}
}

// serialNumber returns 127 random bits with the highest one set, so that its text form has a fixed length.
func serialNumber() (*big.Int, error) {
	high := new(big.Int).Lsh(big.NewInt(1), 126)
	low, err := rand.Int(rand.Reader, high)
	if err != nil {
		return nil, err
	}
	return low.Add(low, high), nil
}

// passwordAlphabet leaves out what is easily confused (0 O o, 1 l I).
const passwordAlphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"

// passwordLength gives about 139 bits.
const passwordLength = 24

// randomPassword returns 24 random letters and digits.
func randomPassword() (string, error) {
	letters := make([]byte, passwordLength)
	for i := range letters {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(passwordAlphabet))))
		if err != nil {
			return "", err
		}
		letters[i] = passwordAlphabet[n.Int64()]
	}
	return string(letters), nil
}
