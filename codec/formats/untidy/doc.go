// Package untidy holds tests of files as people have them: tables in the shapes that open-data portals,
// statistics packages, laboratory instruments, banks and spreadsheets export. They are written for these
// tests, and are compared with what pandas reads when it is told how.
package untidy
