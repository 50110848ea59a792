package main

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // vCenter's own form of a thumbprint
	"crypto/sha256"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// acrossPatience is how long one call to the other vCenter may take.
const acrossPatience = 10 * time.Second

// otherVCenter is the destination of a move, seen from the source. It keeps a ticket and no password.
type otherVCenter struct {
	address *url.URL
	client  *http.Client
	ticket  string
	uuid    string
}

// strangeCertificate is a certificate that is not the one the locator names.
type strangeCertificate struct{ thumbprint string }

func (s *strangeCertificate) Error() string {
	return "the certificate's thumbprint is " + s.thumbprint
}

// dial connects to the vCenter of a locator: the certificate has to be the one it names before anything is said, then the vCenter the one
// it names, then user and password right.
func (e *engine) dial(service *types.ServiceLocator) (*otherVCenter, *url.Userinfo, types.BaseMethodFault) {
	credential, is := service.Credential.(*types.ServiceLocatorNamePassword)
	if !is {
		return nil, nil, &types.NotSupported{} // SAML tokens: not simulated
	}
	address, err := url.Parse(service.Url)
	if err != nil || address.Scheme != "https" || address.Host == "" {
		return nil, nil, &types.InvalidArgument{InvalidProperty: "spec.service.url"}
	}
	address = &url.URL{Scheme: "https", Host: address.Host, Path: "/sdk"}
	other := &otherVCenter{address: address, client: pinned(service)}
	user := url.UserPassword(credential.Username, credential.Password)
	if fault := e.introduce(other, service, user); fault != nil {
		return nil, nil, fault
	}
	return other, user, nil
}

// introduce asks who is there, and logs in and out.
func (e *engine) introduce(other *otherVCenter, service *types.ServiceLocator, user *url.Userinfo) types.BaseMethodFault {
	ctx, cancel := context.WithTimeout(context.Background(), acrossPatience)
	defer cancel()
	transport := soap.NewClient(other.address, true)
	transport.Transport = other.client.Transport
	transport.Client.Transport = other.client.Transport
	client, err := vim25.NewClient(ctx, transport)
	if err != nil {
		return connectionFault(other.address, err)
	}
	other.uuid = client.ServiceContent.About.InstanceUuid
	if !strings.EqualFold(other.uuid, service.InstanceUuid) {
		return &types.InvalidArgument{InvalidProperty: "spec.service.instanceUuid"}
	}
	if strings.EqualFold(other.uuid, e.instanceUUID()) {
		return &types.InvalidArgument{InvalidProperty: "spec.service"}
	}
	password, _ := user.Password()
	manager := *client.ServiceContent.SessionManager
	if _, err := methods.Login(ctx, client, &types.Login{This: manager, UserName: user.Username(), Password: password}); err != nil {
		if soap.IsSoapFault(err) {
			return &types.InvalidLogin{}
		}
		return connectionFault(other.address, err)
	}
	_, _ = methods.Logout(ctx, client, &types.Logout{This: manager})
	return nil
}

// connectionFault tells a certificate that is not the right one from a vCenter that does not answer.
func connectionFault(address *url.URL, err error) types.BaseMethodFault {
	var strange *strangeCertificate
	if errors.As(err, &strange) {
		return &types.SSLVerifyFault{Thumbprint: strange.thumbprint}
	}
	log.Printf("vCenter at %s: %v", address.Host, err)
	return &types.NoHost{Name: address.Host}
}

// pinned is a client that speaks to nobody but whom the locator's thumbprint or certificate belongs to. Without either there is nobody
// to trust: no authority of the other side is known here.
func pinned(service *types.ServiceLocator) *http.Client {
	check := func(state tls.ConnectionState) error {
		leaf := state.PeerCertificates[0].Raw
		if isPinned(leaf, service.SslThumbprint, service.SslCertificate) {
			return nil
		}
		return &strangeCertificate{thumbprint: thumbprintOf(leaf)}
	}
	config := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12, VerifyConnection: check} //nolint:gosec // the pin decides
	return &http.Client{Timeout: acrossPatience, Transport: &http.Transport{TLSClientConfig: config}}
}

// isPinned compares a certificate with a thumbprint, SHA-1 or SHA-256, and with a certificate in PEM; both have to fit where both are given.
func isPinned(leaf []byte, thumbprint, certificate string) bool {
	if certificate != "" {
		block, _ := pem.Decode([]byte(certificate))
		if block == nil || !bytes.Equal(block.Bytes, leaf) {
			return false
		}
	}
	if thumbprint == "" {
		return certificate != ""
	}
	digits := strings.ToLower(strings.ReplaceAll(thumbprint, ":", ""))
	return digits == fmt.Sprintf("%x", sha1.Sum(leaf)) || digits == fmt.Sprintf("%x", sha256.Sum256(leaf)) //nolint:gosec // see above
}

// thumbprintOf is a certificate's SHA-1 thumbprint, as faults carry it.
func thumbprintOf(leaf []byte) string {
	sum := sha1.Sum(leaf) //nolint:gosec // see above
	var parts []string
	for _, b := range sum {
		parts = append(parts, fmt.Sprintf("%02X", b))
	}
	return strings.Join(parts, ":")
}

// judge asks the other vCenter for its opinion of a machine; with a ticket where it may come.
func (o *otherVCenter) judge(user *url.Userinfo, parcel *traveller) (*welcome, types.BaseMethodFault) {
	said := &welcome{}
	if err := o.post("judge", user, parcel, said); err != nil {
		return nil, connectionFault(o.address, err)
	}
	o.ticket = said.Ticket
	return said, nil
}

// tell takes one step of the move.
func (o *otherVCenter) tell(what string, s *tiding) (receipt, error) {
	s.Ticket = o.ticket
	var answer receipt
	err := o.post(what, nil, s, &answer)
	return answer, err
}

func (o *otherVCenter) post(what string, user *url.Userinfo, value, into any) error {
	text, err := encodeParcel(value)
	if err != nil {
		return err
	}
	address := *o.address
	address.Path = incomingPath + what
	request, err := http.NewRequest(http.MethodPost, address.String(), bytes.NewReader(text))
	if err != nil {
		return err
	}
	if user != nil {
		password, _ := user.Password()
		request.SetBasicAuth(user.Username(), password)
	}
	response, err := o.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		why, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
		return fmt.Errorf("it answers %s: %s", response.Status, why)
	}
	return decodeParcel(response.Body, into)
}

// close lets go of the connections.
func (o *otherVCenter) close() { o.client.CloseIdleConnections() }
