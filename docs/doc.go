// Package docs holds tests of the documentation: its tables, its links and its examples.
package docs
