"""Runs the Autobahn fuzzing client against one server: fuzz.py ws://127.0.0.1:9001 [--cases PATTERNS] ...

The server has to echo text as text and binary as binary. The cases, their timeouts and their verdicts are
the suite's own (ported by port_to_py3.py); this file selects cases, survives a server that dies, and reports.

exit status: 0 every selected case acceptable; 1 some case is not;
             2 the run is incomplete (server gone, time is up, bad arguments).
"""

import argparse
import fnmatch
import json
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(os.path.dirname(os.path.dirname(HERE)), '.venv-autobahn')
PORTED = os.path.join('.installed', 'ported')       # install.py's stamp


def reexec_in_venv(venv):
    """Continue under the venv's python unless that is what runs already."""
    if os.path.realpath(sys.prefix) == os.path.realpath(venv):
        return
    if not os.path.exists(os.path.join(venv, PORTED)):
        exit2('no fuzzing client in %s: run python3 tools/conformance/install.py first' % venv)
    python = os.path.join(venv, 'bin', 'python')
    os.execv(python, [python, os.path.abspath(__file__), *sys.argv[1:]])


def exit2(message):
    print(message, file=sys.stderr)
    sys.exit(2)


OK, FAILED, NON_STRICT = 'OK', 'FAILED', 'NON-STRICT'
INFORMATIONAL, UNIMPLEMENTED = 'INFORMATIONAL', 'UNIMPLEMENTED'
UNCLEAN, WRONG_CODE, BY_CLIENT = 'UNCLEAN', 'WRONG CODE', 'FAILED BY CLIENT'


def parse_args(argv):
    p = argparse.ArgumentParser(
        description='Autobahn|Testsuite fuzzing client, RFC 6455 and RFC 7692')
    p.add_argument('url', nargs='?', help='ws://HOST:PORT[/PATH]')
    p.add_argument('--cases', default='*', metavar='PATTERNS',
                   help="comma separated, such as '1.*,9.1.3,12' (default: all)")
    p.add_argument('--exclude', default='', metavar='PATTERNS')
    p.add_argument('--agent', default='server', help='name in the reports')
    p.add_argument('--json', metavar='OUT', help='write the results there')
    p.add_argument('--reports', metavar='DIR',
                   help="write the suite's own HTML and JSON reports there")
    p.add_argument('--allow-nonstrict', action='store_true',
                   help='NON-STRICT (and a TCP connection left open by the server '
                        'after it failed the connection) are acceptable')
    p.add_argument('--allow-no-compression', action='store_true',
                   help='UNIMPLEMENTED is acceptable in 12.* and 13.*')
    p.add_argument('--require-close-code', action='store_true',
                   help='STRICT: dropping TCP without a close code, which the suite '
                        'takes for failing the connection, is not acceptable')
    p.add_argument('--case-timeout', type=float, default=120, metavar='S',
                   help='abort a case after S seconds (default 120)')
    p.add_argument('--total-timeout', type=float, default=0, metavar='S',
                   help='start no new case after S seconds (default: no limit)')
    p.add_argument('--connect-wait', type=float, default=5, metavar='S',
                   help='keep trying to connect for S seconds (default 5)')
    p.add_argument('--recover', type=float, default=30, metavar='S',
                   help='retry a handshake that times out for S seconds: a slow '
                        'server may still work on the case before (default 30)')
    p.add_argument('--max-dead', type=int, default=5, metavar='N',
                   help='give up after N cases in a row without a handshake')
    p.add_argument('--messages', type=int, metavar='N',
                   help='SAMPLING: N instead of 1000 messages in 9.7, 9.8, 12, 13')
    p.add_argument('--time-scale', type=float, default=1, metavar='F',
                   help='LENIENT: multiply the delays of the cases and the '
                        'handshake timeouts by F, for slow boards')
    p.add_argument('--venv', default=VENV, help='where install.py put it')
    p.add_argument('--list', action='store_true', help='list the cases and exit')
    p.add_argument('-v', '--verbose', action='store_true', help='a line per case')
    args = p.parse_args(argv)
    if not args.url and not args.list:
        p.error('URL is missing')
    return args


def key(cid):
    return [int(x) for x in cid.split('.')]


def select(ids, patterns):
    """Case ids that match: an id, a leading part of ids, or a glob."""
    chosen = set()
    for pat in filter(None, (x.strip() for x in patterns.split(','))):
        hit = {i for i in ids if i == pat or i.startswith(pat.rstrip('.') + '.')
               or fnmatch.fnmatchcase(i, pat)}
        if not hit:
            exit2('no case matches %r' % pat)
        chosen |= hit
    return chosen


def acceptable(cid, case, args):
    """Why this case makes the run fail, or None."""
    behavior, close = case['behavior'], case['behaviorClose']
    if behavior == FAILED:
        return FAILED
    if behavior == NON_STRICT and not args.allow_nonstrict:
        return NON_STRICT
    if behavior == UNIMPLEMENTED and not (
            args.allow_no_compression and key(cid)[0] in (12, 13)):
        return UNIMPLEMENTED
    if close in (FAILED, UNCLEAN, WRONG_CODE):
        return 'close ' + close
    if close == BY_CLIENT and not args.allow_nonstrict:
        return 'close ' + close
    if (args.require_close_code and close == OK and not case['closedByMe']
            and case['remoteCloseCode'] is None):
        return 'no close code'
    return None


class Run:
    """One pass over the selected cases."""

    def __init__(self, args):
        self.args = args
        self.results = {}           # case id -> what is reported
        self.aborted = None         # why the run stopped early
        self.errors = []            # exceptions inside the fuzzer, current case
        self.dead = 0               # cases in a row without a handshake
        self.begin = time.time()

    def go(self):
        from autobahntestsuite import fuzzing
        from twisted.internet import reactor
        from twisted.python import log

        args, run = self.args, self
        fuzzing.print = lambda *a: None             # the suite prints a lot

        ids = ['.'.join(c.__name__[4:].split('_')) for c in fuzzing.Cases]
        if args.list:
            for cid, c in zip(ids, fuzzing.Cases, strict=True):
                print('%-8s %s' % (cid, ' '.join(c.DESCRIPTION.split('<')[0].split())))
            sys.exit(0)
        self.selected = sorted(select(ids, args.cases) - select(ids, args.exclude), key=key)
        if not self.selected:
            exit2('no case is selected')
        if args.messages:
            for c in fuzzing.Cases:
                if hasattr(c, 'COUNT'):
                    c.COUNT = min(c.COUNT, args.messages)

        def observe(event):
            if event.get('isError') and 'failure' in event:
                run.errors.append('fuzzer exception: %r' % (event['failure'].value,))
                if args.verbose:
                    sys.stderr.write(event['failure'].getTraceback())
        log.startLoggingWithObserver(observe, setStdout=False)

        class Factory(fuzzing.FuzzingClientFactory):

            noisy = False
            proto = None
            retry_until = None      # connecting
            recover_until = None    # opening handshake

            def buildProtocol(self, addr):
                self.retry_until = None
                self.proto = proto = super().buildProtocol(addr)
                run.errors = []
                proto.limit = reactor.callLater(args.case_timeout, self.overdue, proto)
                if args.time_scale != 1:
                    for name in ('killAfter', 'closeAfter', 'continueLater'):
                        scaled(proto, name)
                return proto

            def overdue(self, proto):
                run.errors.append('aborted after %g s' % args.case_timeout)
                proto.transport.abortConnection()

            def logCase(self, result):
                if result['wasOpenHandshakeTimeout']:
                    if self.recover_until is None:
                        self.recover_until = time.time() + args.recover
                    if time.time() < self.recover_until:
                        self.currSpecCase -= 1      # the same case once more
                        return
                if self.recover_until is not None:
                    run.errors.append('the handshake had to be retried')
                    self.recover_until = None
                super().logCase(result)
                run.record(result['id'], result, self.proto)

            def clientConnectionLost(self, connector, reason):
                if self.proto.limit.active():
                    self.proto.limit.cancel()
                if run.dead >= args.max_dead:
                    self.stop('%d cases in a row without a handshake' % run.dead)
                    return
                if args.total_timeout and time.time() - run.begin > args.total_timeout:
                    self.stop('time is up (%g s)' % args.total_timeout)
                    return
                super().clientConnectionLost(connector, reason)

            def clientConnectionFailed(self, connector, reason):
                now = time.time()
                if self.retry_until is None:
                    self.retry_until = now + args.connect_wait
                if now < self.retry_until:
                    reactor.callLater(0.2, connector.connect)
                else:
                    self.stop('no connection for case %s: %s'
                              % (self.currentCaseId, reason.getErrorMessage()))

            def stop(self, why):
                run.aborted = why
                self.createReports()
                if reactor.running:
                    reactor.stop()

            def createReports(self):
                if args.reports:
                    super().createReports()

        def scaled(proto, name):
            plain = getattr(proto, name)
            setattr(proto, name, lambda delay, *a, **k:
                    plain(delay * args.time_scale, *a, **k))

        options = {}
        if args.time_scale != 1:
            options = {'openHandshakeTimeout': 5 * args.time_scale,
                       'closeHandshakeTimeout': 1 * args.time_scale,
                       'serverConnectionDropTimeout': 1 * args.time_scale}
        self.factory = Factory({
            'servers': [{'url': args.url, 'agent': args.agent, 'options': options}],
            'cases': self.selected, 'exclude-cases': [], 'exclude-agent-cases': {},
            'outdir': args.reports or '.'})
        reactor.run()
        self.seconds = time.time() - self.begin
        if not self.aborted and len(self.results) < len(self.selected):
            self.aborted = 'interrupted'

    def record(self, cid, r, proto):
        case = {k: r[k] for k in (
            'behavior', 'behaviorClose', 'result', 'resultClose', 'duration',
            'closedByMe', 'failedByMe', 'droppedByMe', 'wasClean',
            'wasNotCleanReason', 'localCloseCode', 'remoteCloseCode',
            'remoteCloseReason', 'received')}
        case['opened'] = bool(proto.caseStart)
        if case['opened']:
            self.dead = 0
        else:       # the suite has no duration then, and calls a few informational
            case['duration'] = 0
            case['behavior'] = case['behaviorClose'] = FAILED
            self.errors.insert(0, 'answer: ' + (r['httpResponse'].strip().split('\n')[0].strip()
                                               if r['httpResponse'] != '?' else 'none'))
            self.dead += 1
        case['received'] = [' '.join(map(str, e))[:80] for e in case['received'][:5]]
        case['notes'] = list(self.errors)
        case['reject'] = acceptable(cid, case, self.args)
        self.results[cid] = case
        if self.args.verbose:
            print(self.line(cid), flush=True)

    def line(self, cid):
        c = self.results[cid]
        text = '%-7s %-13s close %-16s %-5s %6d ms' % (
            cid, c['behavior'], c['behaviorClose'],
            c['remoteCloseCode'] or '-', c['duration'])
        if c['reject'] == 'no close code':
            text += '  closed without a close code'
        elif c['behavior'] != OK or c['behaviorClose'] != OK:
            why = c['result'] if c['behavior'] != OK and c['opened'] else c['resultClose']
            if why.startswith('Actual events') and c['behavior'] != INFORMATIONAL:
                why = 'received: %s' % (' | '.join(c['received']) or 'nothing')
                if c['behaviorClose'] != OK:
                    why += '; ' + c['resultClose']
            text += '  ' + '; '.join([why] + c['notes'])
        return text

    # ------------------------------------------------------------- reporting

    COLUMNS = [OK, NON_STRICT, INFORMATIONAL, UNIMPLEMENTED, FAILED]
    SHORT = ['ok', 'nonstr', 'info', 'unimpl', 'FAILED']

    def groups(self):
        table = {}
        for cid, c in self.results.items():
            g = table.setdefault(cid.split('.')[0], dict(
                dict.fromkeys(self.COLUMNS, 0), cases=0, bad_close=0, seconds=0.0))
            g['cases'] += 1
            g[c['behavior']] += 1
            g['bad_close'] += c['behaviorClose'] not in (OK, INFORMATIONAL)
            g['seconds'] += c['duration'] / 1000.0
        return table

    def report(self):
        args, results = self.args, self.results
        done = sorted(results, key=key)
        left = [i for i in self.selected if i not in results]
        rejected = [i for i in done if results[i]['reject']]
        table = self.groups()

        print('%-6s %6s %6s %6s %6s %6s %6s %9s %8s' % tuple(
            ['group', 'cases'] + self.SHORT + ['bad close', 'seconds']))
        rows = sorted(table.items(), key=lambda kv: int(kv[0]))
        total = {k: sum(g[k] for g in table.values()) for k in rows[0][1]} if rows else None
        for name, g in rows + ([('total', total)] if total else []):
            print('%-6s %6d %6d %6d %6d %6d %6d %9d %8.1f' % tuple(
                [name, g['cases']] + [g[c] for c in self.COLUMNS]
                + [g['bad_close'], g['seconds']]))
        odd = [i for i in done if results[i]['behavior'] != OK or results[i]['reject']
               or results[i]['behaviorClose'] not in (OK, INFORMATIONAL)]
        if odd:
            print('\ncases that are not OK (! makes the run fail):')
        plain = {}          # unimplemented and cleanly closed: a line per subgroup
        for i in odd:
            mark = '!' if results[i]['reject'] else ' '
            if results[i]['behavior'] == UNIMPLEMENTED and results[i]['behaviorClose'] == OK:
                plain.setdefault((mark, i.rsplit('.', 1)[0]), []).append(i)
            else:
                print(mark, self.line(i))
        for (mark, group), members in plain.items():
            print('%s %-7s %-13s %d cases: no permessage-deflate in the handshake'
                  % (mark, group + '.*', UNIMPLEMENTED, len(members)))
        changed = []
        if args.messages:
            changed.append('at most %d messages per case' % args.messages)
        if args.time_scale != 1:
            changed.append('delays x %g' % args.time_scale)
        print('\n%s: %d cases of %d selected in %.1f s, %d not acceptable%s' % (
            args.agent, len(done), len(self.selected), self.seconds, len(rejected),
            ' (%s)' % ', '.join(changed) if changed else ''))
        if left:
            print('INCOMPLETE, %s; not run: %s%s' % (
                self.aborted, ' '.join(left[:12]),
                ' ... (%d)' % len(left) if len(left) > 12 else ''))
        status = 2 if left else 1 if rejected else 0
        print('RESULT: %s' % ('pass', 'FAIL', 'INCOMPLETE')[status])

        if args.json:
            import autobahn
            import autobahntestsuite
            with open(args.json, 'w') as f:
                json.dump({
                    'agent': args.agent, 'url': args.url, 'status': status,
                    'suite': autobahntestsuite.version, 'autobahn': autobahn.version,
                    'seconds': round(self.seconds, 1), 'changed': changed,
                    'aborted': self.aborted, 'not_run': left, 'rejected': rejected,
                    'groups': table, 'cases': results}, f, indent=1, sort_keys=True)
                f.write('\n')
        return status


def main():
    args = parse_args(sys.argv[1:])
    reexec_in_venv(args.venv)
    run = Run(args)
    run.go()
    return run.report()


if __name__ == '__main__':
    sys.exit(main())
