// Package scenario writes the demo case: the raw log files of one day in a small company's Azure environment, as Azure
// itself leaves them in storage accounts, with one attack woven through every source that would have seen it. The same
// code is the load generator: Options.Scale multiplies the ordinary life to any size, and WriteRecords streams any
// number of records of one source, both in constant memory.
//
// Everything is derived from Options: the same options give byte-identical files on any machine. Addresses come from
// the documentation ranges (RFC 5737, RFC 3849), people and identifiers are invented.
//
// The package writes evidence only. It does not read it, and it knows nothing of tables, queries or storage.
//
// How it is built: company.go holds who and what exists, attack.go the timeline of the attack, and each source has one
// file that renders both ordinary life and the attack in that source's own format. writer.go lays the records out in
// blobs.
package scenario
