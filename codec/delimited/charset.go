package delimited

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/encoding/charmap"
)

// This file judges which encoding of one byte per character a text may be in. The judge splits the text into
// words and asks of each whether a language that is written in the encoding could have it: the letters must
// be of one alphabet, capitals only where they belong, and signs at the edges. Statistics of letters would
// need tables, and are not better on the few short words that a table has.

// charset is an encoding with the alphabets of languages that are written in it.
type charset struct {
	name      string
	chars     *charmap.Charmap
	alphabets []string
	// latin says that words have ASCII letters too.
	latin bool
}

// The alphabets have the lower-case letters beyond ASCII.
var (
	western = charset{encoding1252, charmap.Windows1252, []string{
		portuguese, icelandic, faroese,
		"äöüßé",              // German
		"àâæçèéêëîïôœùûüÿ",   // French
		"áéíñóúüïç",          // Spanish, Galician
		"àèéìòùî",            // Italian, Gaelic
		"àçèéíïòóúü",         // Catalan, Occitan
		"áéèêëïíóöúüçâîôûäà", // Dutch, Afrikaans, Luxembourgish
		"åäöéèàü",            // Swedish
		"äöåšžéü",            // Finnish
		"æøåéèêóòôäöü",       // Danish, Norwegian
		"äöõüšž",             // Estonian
		"âêîôûŵŷ",            // Welsh
		"åâçèéêîôû",          // Walloon
		"ñùüêôâé",            // Breton, Basque
	}, true}

	polish  = "ąćęłńóśźż"
	central = []string{
		polish,
		"áčďéěíňóřšťúůýž",   // Czech
		"áäčďéíĺľňóôŕšťúýž", // Slovak
		hungarian, romanian,
		"čćđšž",                // Croatian, Bosnian, Slovenian
		"äöüß", "ëç", "äöüőűé", // German, Albanian
	}
	turkish  = []string{"çğıöşüâîûi̇"}
	baltic   = []string{"ąčęėįšųūž", "āčēģīķļņšūž", "äöõüšž"}
	cyrillic = []string{"абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґўђјљњћџѓќѕ"}
	greek    = []string{"αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ"}
	hebrew   = []string{"אבגדהוזחטיךכלםמןנסעףפץצקרשת"}
	arabic   = []string{"ءآأؤإئابةتثجحخدذرزسشصضطظعغـفقكلمنهوىيپچژگکےںًٌٍَُِّْ"}

	// others are the encodings that a text may be in if it is not [western], the more common ones first. The
	// letters of Hebrew are in the place of most Cyrillic ones, so Hebrew is the narrower explanation.
	others = []charset{
		{"windows-1250", charmap.Windows1250, central, true},
		{"iso-8859-2", charmap.ISO8859_2, central, true},
		{"windows-1254", charmap.Windows1254, turkish, true},
		{"windows-1257", charmap.Windows1257, baltic, true},
		{"windows-1255", charmap.Windows1255, hebrew, false},
		{"windows-1251", charmap.Windows1251, cyrillic, false},
		{"koi8-r", charmap.KOI8R, cyrillic, false},
		{"ibm866", charmap.CodePage866, cyrillic, false},
		{"iso-8859-5", charmap.ISO8859_5, cyrillic, false},
		{"x-mac-cyrillic", charmap.MacintoshCyrillic, cyrillic, false},
		{"windows-1253", charmap.Windows1253, greek, false},
		{"windows-1256", charmap.Windows1256, arabic, false},
		{"iso-8859-6", charmap.ISO8859_6, arabic, false},
		{"windows-874", charmap.Windows874, []string{thai()}, false},
		{"macintosh", charmap.Macintosh, western.alphabets, true},
		{"ibm850", charmap.CodePage850, western.alphabets, true},
	}
)

const (
	portuguese = "áâãàçéêíóôõúü"
	icelandic  = "áæðéíóöþýú"
	faroese    = "áæðíóøúý"
	hungarian  = "áéíóöőúüű"
	romanian   = "ăâîşţ"
)

func thai() string {
	var letters []rune
	for r := rune(0x0e01); r <= 0x0e4e; r++ {
		letters = append(letters, r)
	}
	return string(letters)
}

// judge knows the letters of one encoding.
type judge struct {
	chars [256]rune
	// alphabets has a bit for each alphabet that has a letter.
	alphabets map[rune]uint32
	latin     bool
	// all has the bits of all alphabets, and one more for words that have no letter beyond ASCII.
	all uint32
	// rules are alphabets whose languages have letters only at some places.
	portuguese, icelandic uint32
	// similar are alphabets of languages most of whose words are the same in windows-1252.
	similar uint32
}

func (c charset) judge() *judge {
	j := &judge{alphabets: map[rune]uint32{}, latin: c.latin, all: 1<<len(c.alphabets) | (1<<len(c.alphabets) - 1)}
	for b := range j.chars {
		j.chars[b] = c.chars.DecodeByte(byte(b))
	}
	for i, letters := range c.alphabets {
		for _, r := range letters {
			j.alphabets[r] |= 1 << i
		}
		switch letters {
		case portuguese:
			j.portuguese |= 1 << i
		case icelandic, faroese:
			j.icelandic |= 1 << i
		case hungarian, romanian:
			j.similar |= 1 << i
		}
	}
	return j
}

// explained is how many words the languages of an encoding explain. Words of ASCII letters with signs prove
// nothing and do not count.
type explained struct {
	// counted is the number of words, some of those that any of the languages explains, and most that of the
	// language that explains most.
	// similar is that of the similar language that explains most.
	counted, some, most, similar int
}

// share is how much of the words is explained, in percent: a mean of the share that any language explains,
// which counts double, and of the largest share that one of them explains.
func (e explained) share() int {
	if e.counted == 0 {
		return 100
	}
	return (2*e.some + e.most) * 100 / (3 * e.counted)
}

// explains counts the words that the languages of the encoding explain.
func (j *judge) explains(words [][]byte) (e explained) {
	var of [32]int
	for _, w := range words {
		fits := j.word(w)
		if fits == j.all {
			continue
		}
		e.counted++
		if fits != 0 {
			e.some++
		}
		for i := range of {
			if fits&(1<<i) != 0 {
				of[i]++
				e.most = max(e.most, of[i])
				if j.similar&(1<<i) != 0 {
					e.similar = max(e.similar, of[i])
				}
			}
		}
	}
	return e
}

// Signs that may stand before, between and after letters.
const (
	signsBefore  = "“‘„‚«‹”’»›¿¡£€¥¢§±–—•…°º×µ№¨©®´·"
	signsBetween = "’–—…·\u00ad´×•"
	signsAfter   = "”’“‘»›«‹…ªº°¹²³™©®‰´–—·•±£€¥¢×"
)

// word returns the alphabets that can spell a word.
func (j *judge) word(w []byte) uint32 {
	runes := make([]rune, len(w))
	first, last := -1, -1
	for i, b := range w {
		runes[i] = j.chars[b]
		if isLetter(runes[i]) {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return j.signs(runes)
	}
	for _, r := range runes[:first] {
		if !strings.ContainsRune(signsBefore, r) {
			return 0
		}
	}
	for _, r := range runes[last+1:] {
		if !strings.ContainsRune(signsAfter, r) {
			return 0
		}
	}
	return j.letters(runes[first : last+1])
}

// signs is word for words without letters.
func (j *judge) signs(runes []rune) uint32 {
	if len(runes) > 2 {
		return 0
	}
	for _, r := range runes {
		if !strings.ContainsRune(signsBefore, r) && !strings.ContainsRune(signsAfter, r) && !strings.ContainsRune("¼½¾¦¬÷¶¯¸†‡", r) {
			return 0
		}
	}
	return j.all
}

// letters is word for what begins and ends with a letter.
func (j *judge) letters(runes []rune) uint32 {
	fits, run := j.all, 0
	for i, r := range runes {
		if r < 0x80 {
			run = 0
			if !j.latin {
				return 0
			}
			continue
		}
		if strings.ContainsRune(signsBetween, r) {
			run = 0
			continue
		}
		lower := unicode.ToLower(r)
		if run++; j.latin && run > 3 || i > 0 && r != lower && unicode.IsLower(runes[i-1]) {
			return 0
		}
		fits &= j.alphabets[lower] // never the last bit of j.all
		next := rune(0)
		if i+1 < len(runes) {
			next = unicode.ToLower(runes[i+1])
		}
		switch lower {
		case 'õ':
			if next != 'e' {
				fits &^= j.portuguese
			}
		case 'ã':
			if next != 0 && !strings.ContainsRune("oeis", next) {
				fits &^= j.portuguese
			}
		case 'þ':
			if next == 0 || !strings.ContainsRune("aeiouyáéíóúýöæjrvl", next) {
				fits &^= j.icelandic
			}
		case 'ð':
			if i == 0 {
				fits &^= j.icelandic
			}
		}
	}
	if !j.latin && !properCase(runes) {
		return 0
	}
	return fits
}

// properCase reports whether capitals are only at the beginning, or everywhere.
func properCase(runes []rune) bool {
	upper, lower := 0, 0
	for i, r := range runes {
		switch {
		case unicode.IsUpper(r):
			if lower > 0 {
				return false
			}
			upper++
		case unicode.IsLower(r):
			lower++
			if upper > 1 && i > 1 {
				return false
			}
		}
	}
	return true
}

func isLetter(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsMark(r)) && r != 'ª' && r != 'º' && r != 'µ' && r != 'ƒ' && r != 'ˆ'
}

// maxWords is the number of different words that are judged, maxWordBytes the length of their beginnings.
const (
	maxWords     = 1000
	maxWordBytes = 40
)

// foreignWords returns the first different words of a text that are not ASCII.
func foreignWords(data []byte) (words [][]byte) {
	seen := map[string]bool{}
	for pos := 0; pos < len(data) && len(words) < maxWords; {
		end, ascii := pos, true
		for ; end < len(data) && isWordByte(data[end]); end++ {
			ascii = ascii && data[end] < 0x80
		}
		if word := data[pos:min(end, pos+maxWordBytes)]; !ascii && !seen[string(word)] {
			seen[string(word)] = true
			words = append(words, word)
		}
		pos = end + 1
	}
	return words
}

// isWordByte reports whether a byte may be part of a word. 0xa0 is a blank in most encodings.
func isWordByte(b byte) bool {
	return b >= 0x80 && b != 0xa0 || b|0x20 >= 'a' && b|0x20 <= 'z'
}

// The shares that decide in [guessWestern], in percent. They were chosen with some 25,000 files of words from
// translations of programs and from dictionaries, of 1 to 300 words that are not ASCII: of those in 25
// Western languages in windows-1252, 0.1 % are refused; of those in Cyrillic, Greek, Hebrew, Arabic, Thai and
// East Asian encodings with 10 or more such words, all are, and of those in Eastern European ones 75 to 85 %,
// most others having a low confidence.
//
// Hungarian has all its letters but ő and ű in common with windows-1252, so it was measured on its own, with files
// that have one of the two: of those with 8 to 50 words 91 % are refused, of those with 150 words 99 %. Of
// Romanian files with 8 or more words nearly all are. Both cost 0.1 % of Western files, many of which were
// mixtures of Estonian with Spanish or Irish, which together have the letters of Hungarian.
const (
	// fewWords is how many words are too few for a comparison with other encodings.
	fewWords = 2
	// minShare is how much of the words windows-1252 must explain, sureShare how much for more than a low
	// confidence.
	minShare, sureShare = 50, 70
	// maxMargin is how much more another encoding may explain, sureMargin how much for more than a
	// low confidence.
	maxMargin, sureMargin = 14, 5
	// A language similar to Western ones must explain all words but one in maxMissed, and every Western language
	// must fail at more than one in minWestMissed.
	maxMissed, minWestMissed = 32, 25
)

// guessWestern returns the confidence in percent that a text is windows-1252, and zero with the likely encodings
// if it plainly is not. The text must not be ASCII.
func guessWestern(data []byte) (confidence int, likely []string) {
	words := foreignWords(data)
	west := western.judge()
	known := west.explains(words)
	share, counted := known.share(), known.counted
	best, other := 0, false
	for _, c := range others {
		j := c.judge()
		if e := j.explains(words); e.counted > 0 {
			best = max(best, e.share())
			other = other || e.isSimilar(known, j.differs(west, words))
		}
	}
	switch {
	case firstUndefined(data, windows1252) >= 0, share < minShare, counted > fewWords && best-share > maxMargin, other:
		return 0, likelyEncodings(data, words)
	case share < sureShare, best-share > sureMargin:
		return min(share, minConfidence-1), nil
	}
	// A few words prove little.
	return min(share, 50+10*counted), nil
}

// isSimilar reports whether a language that is spelled much like a Western one explains nearly all of some
// words, and no Western language does. Differing is how many of the words windows-1252 reads otherwise; in a
// few words one may be a foreign name.
func (e explained) isSimilar(western explained, differing int) bool {
	missed, westMissed := e.counted-e.similar, western.counted-western.most
	enough := differing >= 2 && e.counted >= 4 || differing == 1 && e.counted >= 8
	return enough && missed*maxMissed <= e.counted && westMissed*minWestMissed > western.counted
}

// differs is the number of words that are other ones in the encoding of another judge.
func (j *judge) differs(other *judge, words [][]byte) (n int) {
	for _, w := range words {
		if slices.ContainsFunc(w, func(b byte) bool { return j.chars[b] != other.chars[b] }) {
			n++
		}
	}
	return n
}

// maxLikely is how many encodings an error suggests, likelyMargin how much less than the first the others may
// explain, in percent.
const maxLikely, likelyMargin = 3, 20

// candidate is an encoding with the share of a text that it explains, in percent.
type candidate struct {
	name  string
	share int
}

// likelyEncodings returns the encodings that explain a text best, at most maxLikely.
func likelyEncodings(data []byte, words [][]byte) (names []string) {
	candidates := eastAsian(data)
	for _, c := range others {
		candidates = append(candidates, candidate{c.name, c.judge().explains(words).share()})
	}
	slices.SortStableFunc(candidates, func(a, b candidate) int { return cmp.Compare(b.share, a.share) })
	for _, c := range candidates[:maxLikely] {
		if c.share >= minShare && c.share >= candidates[0].share-likelyMargin {
			names = append(names, c.name)
		}
	}
	return names
}
