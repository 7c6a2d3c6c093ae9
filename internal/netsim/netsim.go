// Package netsim is the laboratory for bad network links: for tests, the demonstration, benchmarks and rigs on a bench.
//
// A Link is one direction of a link, a Path both: plain values without goroutines or clock, which are told when a
// datagram is sent and answer when it arrives, so that a test runs in no time and gives the same result for the same
// seed. A Schedule keeps such arrivals in order for loops in virtual time; a Pump makes them happen in real time. A
// Scenario says what the links are like; a Lab relays real datagrams over them.
package netsim
