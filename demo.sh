#!/usr/bin/env bash
# The demo: writes the case as raw evidence, imports it, asks for the story of the attacking address and one question in
# KQL, and says what to type next. `make demo` builds bin/nordlys first.
set -euo pipefail
cd "$(dirname "$0")"
case_dir=${1:-demo-case}
ws=$case_dir/workspace
nordlys=bin/nordlys
rm -rf "$case_dir"

step() { printf '\n\033[1m%s\033[0m\n' "$*"; }

step "\$ $nordlys scenario $case_dir/evidence"
"$nordlys" scenario "$case_dir/evidence"

step "\$ $nordlys import --workspace $ws $case_dir/evidence"
"$nordlys" import --workspace "$ws" "$case_dir/evidence" > "$case_dir/receipt.txt"
sed -n '/^format/,$p' "$case_dir/receipt.txt"
echo "(a line for each file is in $case_dir/receipt.txt)"

step "\$ $nordlys investigate --workspace $ws 203.0.113.66"
"$nordlys" investigate --workspace "$ws" 203.0.113.66 > "$case_dir/story.txt"
sed '/^KQL behind each step/,$d' "$case_dir/story.txt"
echo "(the KQL behind each step ends the story: it is in $case_dir/story.txt)"

query='SigninLogs | where IPAddress == "203.0.113.66" | summarize attempts = count(), accounts = dcount(UserPrincipalName), first = min(TimeGenerated), last = max(TimeGenerated) by ResultType, ResultDescription | order by attempts desc'
step "\$ $nordlys query --workspace $ws '$query'"
"$nordlys" query --workspace "$ws" "$query"

cat <<EOF

What to type next:
  $nordlys tables --workspace $ws
  $nordlys investigate --workspace $ws --format html 203.0.113.66 > story.html
  $nordlys query --workspace $ws 'SecurityEvent | where EventID == 4625 | summarize count() by IpAddress, Computer'
  $nordlys query --workspace $ws 'NTANetAnalytics | where FlowDirection == "Inbound" and DestPort == 3389 and AllowedInFlows > 0 | project TimeGenerated, SrcPublicIps, DestVm, DestSubnet'
  $nordlys import PATH-OF-YOUR-OWN-EVIDENCE && $nordlys investigate AN-ADDRESS-OR-ACCOUNT
EOF
