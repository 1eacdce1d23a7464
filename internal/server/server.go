// Package server is the program: its commands, and the wiring of everything
// else. It is the only package that knows all others, and nothing imports it
// but cmd/rapport.
package server

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/alecthomas/kong"

	"rapport/internal/fault"
)

const about = "Rapport runs a brand's social media and its own community together. " +
	"Try it with “rapport demo”; run it for real with “rapport serve”. " +
	"Every flag can be set in the environment: --public-url is RAPPORT_PUBLIC_URL."

// commands is the grammar of the command line.
type commands struct {
	Demo    demoCommand    `cmd:"" help:"Start Rapport with a demo brand on a built-in demo network. Nothing leaves this machine."`
	Serve   serveCommand   `cmd:"" help:"Run Rapport."`
	Migrate migrateCommand `cmd:"" help:"Bring the database up to date and end."`
	Doctor  doctorCommand  `cmd:"" help:"Check this installation and say what to do."`
	Account struct {
		Create   accountCreateCommand   `cmd:"" help:"Make an account."`
		List     accountListCommand     `cmd:"" help:"List the accounts."`
		Password accountPasswordCommand `cmd:"" help:"Set an account's password and end its sessions."`
		Factor   struct {
			Off accountFactorOffCommand `cmd:"" help:"Switch an account's second factor off, for who lost the phone and the recovery codes."`
		} `cmd:"" help:"Second factors."`
	} `cmd:"" help:"Accounts: who can sign in."`
	Token struct {
		Create tokenCreateCommand `cmd:"" help:"Make an API token and print it once."`
		List   tokenListCommand   `cmd:"" help:"List a brand's API tokens."`
		Revoke tokenRevokeCommand `cmd:"" help:"End an API token for good."`
	} `cmd:"" help:"API tokens of a brand."`
	Seed seedCommand `cmd:"" help:"Fill a brand with plain posts for a load test. Rapport must not be running."`
	Key  struct {
		Rotate keyRotateCommand `cmd:"" help:"Make a new key and seal all secrets with it. A server on this machine goes on; stop those on others and copy the key file to them."`
		List   keyListCommand   `cmd:"" help:"List the keys with how much each still seals."`
		Forget keyForgetCommand `cmd:"" help:"Take the keys out of the file that seal nothing any more. Older backups need them: keep a copy."`
	} `cmd:"" help:"Keys of sealed secrets."`
	Media struct {
		Move mediaMoveCommand `cmd:"" help:"Copy the media into a bucket, or back, and compare every file. It can be run again and deletes nothing."`
	} `cmd:"" help:"Where media are kept."`
	Backup  backupCommand  `cmd:"" help:"Write the database and the media to one file. Rapport may be running."`
	Restore restoreCommand `cmd:"" help:"Make a data folder from a backup. Every brand starts on hold."`
	Export  exportCommand  `cmd:"" help:"Write everything of one brand to a file in an open format. Rapport may be running."`
	Import  importCommand  `cmd:"" help:"Make a brand of such a file. It starts on hold. Rapport may be running."`
	Emulate struct {
		Demo     emulateDemoCommand     `cmd:"" help:"Run the demo network as a program of its own."`
		Mastodon emulateMastodonCommand `cmd:"" help:"Run an emulated Mastodon server; everything in it is in memory."`
		Bluesky  emulateBlueskyCommand  `cmd:"" help:"Run an emulated Bluesky network; everything in it is in memory."`
	} `cmd:"" help:"Networks to test against."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// console is what a command has of the world around it.
type console struct {
	ctx    context.Context
	getenv func(string) string
	in     io.Reader
	out    io.Writer
	err    io.Writer
	// declared says that the operator set the public address.
	declared bool
}

// Run is the whole program. It prints an error for people to stderr and also
// returns it, so that the caller can end with a status. It returns when the
// command is done or, for those that serve, soon after ctx ends.
func Run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) error {
	c := &console{ctx: ctx, getenv: getenv, in: stdin, out: stdout, err: stderr}
	err := c.run(args)
	if err != nil {
		fmt.Fprintln(stderr, "rapport: "+explain(err))
	}
	return err
}

func (c *console) run(args []string) error {
	var grammar commands
	helped := false
	parser, err := kong.New(&grammar, kong.Name("rapport"), kong.Description(about), kong.Writers(c.out, c.err),
		kong.Exit(func(int) { helped = true }), kong.Resolvers(environment(c.getenv)),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}))
	if err != nil {
		return fmt.Errorf("server: the commands: %w", err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if helped {
		return nil
	}
	if fault.Is(err, fault.Invalid) {
		return err
	}
	if err != nil {
		return fault.As(fault.Invalid, err, "%s. See “rapport --help”.", strings.TrimSuffix(err.Error(), "."))
	}
	for _, f := range parsed.Flags() {
		c.declared = c.declared || f.Name == "public-url" && f.Set
	}
	return parsed.Run(c)
}

// environment gives a flag that is not on the command line the value of its
// variable.
func environment(getenv func(string) string) kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		name := "RAPPORT_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		if v := getenv(name); v != "" {
			return v, nil
		}
		return nil, nil
	})
}

// explain shows a fault's own words; at the console the person is the
// operator, who may also read the rest.
func explain(err error) string {
	if fault.KindOf(err) == fault.Internal {
		return err.Error()
	}
	text := []string{fault.Text(err)}
	for _, f := range fault.Fields(err) {
		if !strings.Contains(text[0], f.Text) {
			text = append(text, f.Text)
		}
	}
	return strings.Join(text, "\n  ")
}

type versionCommand struct{}

func (versionCommand) Run(c *console) error {
	fmt.Fprintln(c.out, "rapport "+version())
	return nil
}

// version is that of the module, or of the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return "at commit " + s.Value
		}
	}
	return "in development"
}
