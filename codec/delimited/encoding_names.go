package delimited

import (
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"

	"edgeframe/codec"
)

// The encodings that are treated specially, by their names in the WHATWG Encoding standard, and
// iso-8859-1, which is Latin-1 as ISO defines it; the standard treats that name as an alias of
// windows-1252.
const (
	encodingUTF8    = "utf-8"
	encodingUTF16   = "utf-16"
	encodingUTF16LE = "utf-16le"
	encodingUTF16BE = "utf-16be"
	encoding1252    = "windows-1252"
	encodingLatin1  = "iso-8859-1"
	encoding2022JP  = "iso-2022-jp"
)

// namedEncoding is an encoding with the names that it has beside its own, separated by blanks.
type namedEncoding struct {
	name, aliases string
	// text is nil for UTF-8 and UTF-16.
	text encoding.Encoding
}

// namedEncodings returns all encodings with the labels of the WHATWG Encoding standard, except that the
// labels of Latin-1 and ASCII are not those of windows-1252; then the code pages that the standard
// lacks, with their labels at IANA. gbk is decoded as gb18030, as the standard says.
var namedEncodings = sync.OnceValue(func() []namedEncoding {
	return []namedEncoding{
		{encodingUTF8, "utf8 us-ascii ascii ansi_x3.4-1968 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8 utf-8-sig utf_8", nil},
		{encodingUTF16, "utf16 utf_16", nil},
		{encodingUTF16LE, "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff", nil},
		{encodingUTF16BE, "unicodefffe", nil},
		{encoding1252, "cp1252 x-cp1252", charmap.Windows1252},
		{encodingLatin1, "latin-1 latin1 cp819 csisolatin1 ibm819 iso-ir-100 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1", charmap.ISO8859_1},
		{"ibm866", "866 cp866 csibm866", charmap.CodePage866},
		{"iso-8859-2", "csisolatin2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2", charmap.ISO8859_2},
		{"iso-8859-3", "csisolatin3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3", charmap.ISO8859_3},
		{"iso-8859-4", "csisolatin4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4", charmap.ISO8859_4},
		{"iso-8859-5", "csisolatincyrillic cyrillic iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988", charmap.ISO8859_5},
		{"iso-8859-6", "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987", charmap.ISO8859_6},
		{"iso-8859-7", "csisolatingreek ecma-118 elot_928 greek greek8 iso-ir-126 iso8859-7 iso88597 iso_8859-7 iso_8859-7:1987 sun_eu_greek", charmap.ISO8859_7},
		{"iso-8859-8", "csiso88598e csisolatinhebrew hebrew iso-8859-8-e iso-ir-138 iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 visual", charmap.ISO8859_8},
		{"iso-8859-8-i", "csiso88598i logical", charmap.ISO8859_8},
		{"iso-8859-10", "csisolatin6 iso-ir-157 iso8859-10 iso885910 l6 latin6", charmap.ISO8859_10},
		{"iso-8859-13", "iso8859-13 iso885913", charmap.ISO8859_13},
		{"iso-8859-14", "iso8859-14 iso885914", charmap.ISO8859_14},
		{"iso-8859-15", "csisolatin9 iso8859-15 iso885915 iso_8859-15 l9 latin9 latin-9", charmap.ISO8859_15},
		{"iso-8859-16", "", charmap.ISO8859_16},
		{"koi8-r", "cskoi8r koi koi8 koi8_r", charmap.KOI8R},
		{"koi8-u", "koi8-ru", charmap.KOI8U},
		{"macintosh", "csmacintosh mac x-mac-roman mac-roman macroman", charmap.Macintosh},
		{"windows-874", "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 cp874", charmap.Windows874},
		{"windows-1250", "cp1250 x-cp1250", charmap.Windows1250},
		{"windows-1251", "cp1251 x-cp1251", charmap.Windows1251},
		{"windows-1253", "cp1253 x-cp1253", charmap.Windows1253},
		{"windows-1254", "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 latin5 x-cp1254", charmap.Windows1254},
		{"windows-1255", "cp1255 x-cp1255", charmap.Windows1255},
		{"windows-1256", "cp1256 x-cp1256", charmap.Windows1256},
		{"windows-1257", "cp1257 x-cp1257", charmap.Windows1257},
		{"windows-1258", "cp1258 x-cp1258", charmap.Windows1258},
		{"x-mac-cyrillic", "x-mac-ukrainian mac-cyrillic maccyrillic", charmap.MacintoshCyrillic},
		{"gbk", "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 iso-ir-58 x-gbk cp936 windows-936 ms936", simplifiedchinese.GB18030},
		{"gb18030", "", simplifiedchinese.GB18030},
		{"big5", "big5-hkscs cn-big5 csbig5 x-x-big5 cp950 windows-950 ms950", traditionalchinese.Big5},
		{"euc-jp", "cseucpkdfmtjapanese x-euc-jp eucjp ujis", japanese.EUCJP},
		{encoding2022JP, "csiso2022jp", japanese.ISO2022JP},
		{"shift_jis", "csshiftjis ms932 ms_kanji shift-jis sjis windows-31j x-sjis cp932 windows-932", japanese.ShiftJIS},
		{"euc-kr", "cseuckr csksc56011987 iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949 cp949 uhc ms949", korean.EUCKR},
		{"x-user-defined", "", charmap.XUserDefined},
		{"ibm037", "cp037 csibm037", charmap.CodePage037},
		{"ibm437", "cp437 437 cspc8codepage437", charmap.CodePage437},
		{"ibm850", "cp850 850 cspc850multilingual", charmap.CodePage850},
		{"ibm852", "cp852 852 cspcp852", charmap.CodePage852},
		{"ibm855", "cp855 855 csibm855", charmap.CodePage855},
		{"ibm858", "cp858 858 ibm00858 ccsid00858 cp00858", charmap.CodePage858},
		{"ibm860", "cp860 860 csibm860", charmap.CodePage860},
		{"ibm862", "cp862 862 cspc862latinhebrew", charmap.CodePage862},
		{"ibm863", "cp863 863 csibm863", charmap.CodePage863},
		{"ibm865", "cp865 865 csibm865", charmap.CodePage865},
		{"ibm1047", "cp1047", charmap.CodePage1047},
		{"ibm1140", "cp1140 ibm01140 ccsid01140 cp01140", charmap.CodePage1140},
		{"hz-gb-2312", "hz hzgb2312", simplifiedchinese.HZGB2312},
	}
})

// EncodingNames says what [ParseEncoding] accepts, for messages.
const EncodingNames = "utf-8, utf-16, utf-16le, utf-16be, windows-1252, iso-8859-1, or another encoding of the WHATWG Encoding standard, such as shift_jis, gbk, big5, euc-kr, windows-1250, windows-1251, koi8-r and iso-8859-2"

// ParseEncoding returns the encoding that a user named, in upper or lower case, for
// [Options]. Other names are [codec.ErrUnsupported].
func ParseEncoding(name string) (string, error) {
	label := strings.ToLower(strings.TrimSpace(name))
	for _, e := range namedEncodings() {
		if label == e.name || slices.Contains(strings.Fields(e.aliases), label) {
			return e.name, nil
		}
	}
	return "", codec.Errorf(codec.ErrUnsupported, "the encoding %s is not known: accepted are %s", codec.Quoted(codec.Shorten(name)), EncodingNames)
}

// encodingOf returns the encoding that [ParseEncoding] returned the name of, nil for UTF-8 and UTF-16.
func encodingOf(name string) encoding.Encoding {
	i := slices.IndexFunc(namedEncodings(), func(e namedEncoding) bool { return e.name == name })
	if i < 0 {
		return nil
	}
	return namedEncodings()[i].text
}
