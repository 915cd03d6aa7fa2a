// Package deploy has what runs edgeframe: a container image, a compose file with Redis, a unit for systemd, and a
// redis.conf. Its tests run the program as these files say, as far as that is possible without a container
// runtime and without systemd as process 1.
package deploy
