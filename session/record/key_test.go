package record

import (
	"encoding/hex"
	"testing"
)

const sampleID = "123e4567-e89b-42d3-a456-426614174000"

var sampleToken = Token{Revision: 7, Commit: [8]byte{1, 2, 3, 4, 5, 6, 7, 8}}

// Stores are full of these keys, so they never change.
func TestKeysStayAsTheyAre(t *testing.T) {
	for _, tc := range []struct {
		got, want string
		immutable bool
	}{
		{HeadKey(sampleID), "{" + sampleID + "}:head", false},
		{HeadCopyKey(sampleID, sampleToken), "{" + sampleID + "}:head:7-0102030405060708", true},
		{LifetimeKey(sampleID), "live:{" + sampleID + "}", false},
		{SegmentKey(sampleID, SegmentRef{Hash: [16]byte{1, 2, 3}, Born: 26}), "{" + sampleID + "}:seg:01020300000000000000000000000000-1a", true},
		{StatisticsKey(sampleID, 1, [16]byte{0x8e, 0x3b}), "{" + sampleID + "}:stat:1.1-8e3b0000000000000000000000000000", true},
	} {
		if tc.got != tc.want {
			t.Errorf("the key is %s, want %s", tc.got, tc.want)
		}
		if got := Immutable("edgeframe:" + tc.got); got != tc.immutable {
			t.Errorf("%s is immutable: %t, want %t", tc.got, got, tc.immutable)
		}
	}
}

// A lifetime that format 1 wrote stays readable for good.
func TestLifetimeOfFormat1IsRead(t *testing.T) {
	stored, err := hex.DecodeString("019e03d60cf0f12e010000019bd0a876a00000019bd1173e0000000000000000070102030405060708")
	if err != nil {
		t.Fatal(err)
	}
	want := Lifetime{Accessed: 1768732260000, Lease: 1768739520000, Revision: sampleToken}
	if got, ok := DecodeLifetime(stored); !ok || got != want {
		t.Errorf("read %+v, %t; want %+v", got, ok, want)
	}
	if got := want.Encode(); string(got) != string(stored) {
		t.Errorf("written %x, want %x", got, stored)
	}
}

func TestUnreadableLifetimesAndStatisticsCountAsAbsent(t *testing.T) {
	for name, stored := range map[string][]byte{
		"lifetime":   Lifetime{Accessed: 1, Lease: 2, Revision: sampleToken}.Encode(),
		"statistics": EncodeStatistics([]byte(`{"rows":1}`)),
	} {
		read := func(b []byte) bool {
			_, isLifetime := DecodeLifetime(b)
			_, isStatistics := DecodeStatistics(b)
			return isLifetime || isStatistics
		}
		if !read(stored) {
			t.Errorf("%s: what was written cannot be read", name)
		}
		if read(nil) || read(stored[:7]) || read(stored[:len(stored)-1]) {
			t.Errorf("%s: one that is cut off is read", name)
		}
		for i := range stored {
			damaged := append([]byte(nil), stored...)
			damaged[i] ^= 1
			if read(damaged) {
				t.Errorf("%s: one with a wrong bit in byte %d is read", name, i)
			}
		}
	}
}
