package delimited

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"

	"edgeframe/codec"
)

// encoded is text in an encoding.
func encoded(t testing.TB, name, text string) []byte {
	t.Helper()
	data, err := encodingOf(name).NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatalf("%s in %s: %v", text, name, err)
	}
	return data
}

// foreign has tables as they are saved in many countries, in the encodings that programs there write.
var foreign = map[string][]string{
	"id;氏名;都道府県\n1;山田太郎;東京都\n2;鈴木花子;大阪府\n3;ｶﾅ;北海道\n":                                                                      {"shift_jis", "euc-jp", "iso-2022-jp"},
	"编号,姓名,城市\n1,王伟,北京\n2,李娜,上海\n3,刘洋,广州\n":                                                                               {"gbk", "gb18030"},
	"編號,姓名,城市\n1,陳怡君,臺北\n2,林志明,高雄\n":                                                                                      {"big5"},
	"번호,이름,도시\n1,김민수,서울\n2,이영희,부산\n":                                                                                      {"euc-kr"},
	"код,имя,город\n1,Иванов,Москва\n2,Петрова,Казань\n3,Сидоров,Пермь\n":                                                 {"windows-1251", "koi8-r", "ibm866", "iso-8859-5"},
	"id;miasto;ulica\n1;Łódź;Świętokrzyska\n2;Białystok;Żółkiewskiego\n3;Gdańsk;Długa\n":                                  {"windows-1250", "iso-8859-2"},
	"id;město;jméno\n1;Plzeň;Dvořák\n2;Příbram;Růžička\n3;Děčín;Černý\n":                                                  {"windows-1250", "iso-8859-2"},
	"id;il;ad\n1;İstanbul;Şahin\n2;Diyarbakır;Yıldız\n3;Muğla;Doğan\n4;Eskişehir;Güneş\n5;Şişli;Çağrı\n6;Beşiktaş;Ayşe\n": {"windows-1254"},
	"id;város;név\n1;Győr;Tóth\n2;Székesfehérvár;Szabó\n3;Kőszeg;Szűcs\n4;Pécs;Erdős\n":                                   {"windows-1250", "iso-8859-2"},
	"id;város\n1;Pécs\n2;Székesfehérvár\n3;Szügy\n4;Gyöngyös\n5;Győr\n6;Ózd\n7;Dömös\n8;Mór\n9;Vác\n":                     {"windows-1250", "iso-8859-2"},
	"id;oraş;stradă\n1;Bucureşti;Ştefan cel Mare\n2;Iaşi;Târgului\n3;Constanţa;Înfrăţirii\n4;Braşov;Morţii\n":             {"windows-1250", "iso-8859-2"},
	"α/α;όνομα;πόλη\n1;Παπαδόπουλος;Αθήνα\n2;Γεωργίου;Πάτρα\n":                                                            {"windows-1253"},
	"מספר,שם,עיר\n1,כהן,ירושלים\n2,לוי,חיפה\n":                                                                            {"windows-1255", "iso-8859-8"},
	"الرقم,الاسم\n1,محمد\n2,فاطمة\n":                                                                                      {"windows-1256"},
	"รหัส,ชื่อ\n1,สมชาย\n2,สมหญิง\n":                                                                                      {"windows-874"},
}

func TestNamedEncodingsAreRead(t *testing.T) {
	for text, names := range foreign {
		want := mustRead(t, []byte(text), Options{})
		for _, name := range names {
			got, err := CSV.Decode(encoded(t, name, text), codec.ReadOptions{Options: Options{Encoding: name}})
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if got.Receipt.Encoding != name || got.Receipt.Confidence != 0 {
				t.Errorf("the receipt says %s with %d %%, named was %s", got.Receipt.Encoding, got.Receipt.Confidence, name)
			}
			if a, b := fmt.Sprint(got.RowGroups, got.Schema), fmt.Sprint(want.RowGroups, want.Schema); a != b {
				t.Errorf("%s: %s, want %s", name, a, b)
			}
		}
	}
}

func mustRead(t *testing.T, data []byte, own Options) *codec.Table {
	t.Helper()
	table, err := CSV.Decode(data, codec.ReadOptions{Options: own})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestWhatIsPlainlyNotWesternIsRefusedWithLikelyEncodings(t *testing.T) {
	for text, names := range foreign {
		for _, name := range names {
			data := encoded(t, name, text)
			table, err := CSV.Decode(data, codec.ReadOptions{})
			if name == "iso-2022-jp" {
				if err != nil || table.Receipt.Encoding != name {
					t.Errorf("%s, whose escape sequences nothing else has: %v", name, err)
				}
				continue
			}
			if !errors.Is(err, codec.ErrMalformed) || !strings.Contains(fmt.Sprint(err), "the parameter encoding, such as encoding=") {
				t.Errorf("%s: %v", name, err)
				continue
			}
			_, likely, _ := strings.Cut(err.Error(), "such as ")
			if similar := map[string]string{"gb18030": "gbk", "iso-8859-8": "windows-1255"}[name]; similar != "" {
				name = similar
			}
			if !strings.Contains(likely, "encoding="+name) {
				t.Errorf("%s is not among the likely encodings %s", name, likely)
			}
		}
	}
}

func TestWesternTextIsWindows1252WithItsConfidence(t *testing.T) {
	for _, text := range []string{
		"id;nom;prix\n1;Hélène;3 €\n2;François;4\n3;cœur d’Orléans;5\n",
		"id;Straße;Größe\n1;Müllerstraße;groß\n2;Königsallee;„klein“\n",
		"id;by\n1;København\n2;Ålborg\n3;Tromsø\n",
		"id;kunta\n1;Jyväskylä\n2;Hämeenlinna\n",
		"id;ciudad\n1;¿Málaga?\n2;A Coruña\n3;León\n4;Mª José\n",
		"id;município\n1;São Paulo\n2;Brasília\n3;Goiânia\n4;Camões\n",
		"linn;nimi\nVõru;Tõnu\nPõltsamaa;Õie\nKõrgessaare;Jüri\nTõrva;Märt\nPõlva;Põder\nMõisaküla;Sõber\n",
		"país;opções\nCamões;informações\nSimões;pôr\nMúrcia;ações\nBahía;ligações\n",
		"plat;prix\nbrûlé;août\ngoût;dû\nsûr;été\nfûté;hâté\n",
		"id;nafn\n1;Þórshöfn\n2;Guðrún\n3;Ísafjörður\n",
		"name,city\nRenée,Zürich\nJosé,Málaga\nSøren,Århus\nZoë,São Paulo\n",
		"unit,price\nkm²,£9.50\nm³/h,37°\nµg,€20\n",
		"n\n“naïve”\n",
		"a,b\n1\u00a0234,x\n",
	} {
		table := mustRead(t, encoded(t, encoding1252, text), Options{})
		if r := table.Receipt; r.Encoding != encoding1252 || r.Confidence < minConfidence || r.Confidence > 100 {
			t.Errorf("%q is %s with %d %%", text, r.Encoding, r.Confidence)
		}
	}
}

func TestStrictRefusesAnUncertainGuess(t *testing.T) {
	// In a few words, what is Hungarian may be names of several Western languages.
	data := encoded(t, "windows-1250", "id;város\n1;Győr\n2;Székesfehérvár\n3;Pécs\n4;Szügy\n")
	table := mustRead(t, data, Options{})
	if c := table.Receipt.Confidence; c == 0 || c >= minConfidence {
		t.Errorf("the confidence is %d %%", c)
	}
	_, err := CSV.Decode(data, codec.ReadOptions{Strict: true})
	if want := fmt.Sprintf("a confidence of %d %% only, which strict=true refuses", table.Receipt.Confidence); !strings.Contains(fmt.Sprint(err), want) {
		t.Errorf("strict: %v", err)
	}
	if _, err := CSV.Decode(data, codec.ReadOptions{Strict: true, Options: Options{Encoding: "windows-1250"}}); err != nil {
		t.Errorf("strict with the encoding named: %v", err)
	}
}

func TestBytesThatMeanNothingAreNamedWithTheirLine(t *testing.T) {
	for _, tt := range []struct {
		name, data string
		line       int
	}{
		{"shift_jis", "a\r\nb\r\n\x81\xff\r\n", 3},
		{"euc-kr", "a\rb\r\xff\r", 3},
		{"gb18030", strings.Repeat("\xc4\xe3\xba\xc3\r\n", chunkBytes) + "\xff\n", chunkBytes + 1},
		{"big5", "a\n\x80\n", 2},
		{"iso-2022-jp", "a\n\x1b$B\x30\x21\x1b(B\n\xff\n", 3},
		{"windows-1251", "a\n\x98\n", 2},
		{"windows-1253", "a\nb\n\xd2\n", 3},
	} {
		_, err := CSV.Decode([]byte(tt.data), codec.ReadOptions{Options: Options{Encoding: tt.name}})
		if !errors.Is(err, codec.ErrMalformed) || !strings.HasPrefix(fmt.Sprint(err), fmt.Sprintf("line %d has ", tt.line)) || !strings.Contains(err.Error(), tt.name) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestAnEscapeAloneIsNotJapanese(t *testing.T) {
	table, err := CSV.Decode([]byte("a,b\n\x1b$$,1\n"), codec.ReadOptions{})
	if err != nil || table.Receipt.Encoding != encodingUTF8 {
		t.Fatalf("%v, %v", table, err)
	}
}

func TestUTF32IsRefusedByName(t *testing.T) {
	for _, data := range []string{
		"\xff\xfe\x00\x00a\x00\x00\x00\n\x00\x00\x00", "\x00\x00\xfe\xff\x00\x00\x00a\x00\x00\x00\n",
		"a\x00\x00\x00\n\x00\x00\x00", "\x00\x00\x00a\x00\x00\x00\n",
	} {
		_, err := CSV.Decode([]byte(data), codec.ReadOptions{})
		if !errors.Is(err, codec.ErrMalformed) || !strings.Contains(fmt.Sprint(err), "the text is UTF-32, which is not accepted") {
			t.Errorf("%q: %v", data, err)
		}
	}
}

func TestEveryEncodingIsKnownByItsNames(t *testing.T) {
	for label, want := range map[string]string{
		" Shift_JIS ": "shift_jis", "cp932": "shift_jis", "GB2312": "gbk", "cp936": "gbk", "ks_c_5601-1987": "euc-kr", "big5-hkscs": "big5",
		"latin2": "iso-8859-2", "l5": "windows-1254", "cp866": "ibm866", "cp437": "ibm437", "macroman": "macintosh", "latin1": "iso-8859-1", "ascii": "utf-8", "utf-8-sig": "utf-8",
	} {
		if got, err := ParseEncoding(label); got != want || err != nil {
			t.Errorf("%q is %q: %v", label, got, err)
		}
	}
	seen := map[string]string{}
	for _, e := range namedEncodings() {
		for _, label := range append(strings.Fields(e.aliases), e.name) {
			if seen[label] != "" {
				t.Errorf("%s names %s and %s", label, seen[label], e.name)
			}
			seen[label] = e.name
		}
	}
	// The ones beside these are names of the same bytes: gbk is read as gb18030, and iso-8859-9 as windows-1254.
	others := []string{"GBK", "ISO 8859-9", "ISO-8859-6E", "ISO-8859-6I", "ISO-8859-8E", "ISO-8859-8I"}
	for _, e := range slices.Concat(charmap.All, japanese.All, korean.All, simplifiedchinese.All, traditionalchinese.All) {
		named := slices.ContainsFunc(namedEncodings(), func(n namedEncoding) bool { return n.text == e })
		if !named && !slices.Contains(others, fmt.Sprint(e)) {
			t.Errorf("%v has no name", e)
		}
	}
}

func TestConvertedTextStaysInTheBudget(t *testing.T) {
	data := []byte("a\n" + strings.Repeat("\xb1\xb1\n", 1000)) // half-width kana take 3 bytes each
	_, err := CSV.Decode(data, codec.ReadOptions{Limits: codec.Limits{Bytes: 4000}, Options: Options{Encoding: "shift_jis"}})
	if !errors.Is(err, codec.ErrTooLarge) {
		t.Errorf("7 kB of text in a budget of 4 kB: %v", err)
	}
}

func TestWhatTellsAnEncodingIsFoundAnywhere(t *testing.T) {
	ascii := strings.Repeat("one,two\n", 10_000)
	for tail, want := range map[string]string{
		"\x1b$B$\"\x1b(B,x\n": encoding2022JP,
		"\x1b[0m,x\n":         encodingUTF8,
		"é,x\n":               encodingUTF8,
	} {
		if got, _, _, err := detectEncoding([]byte(ascii + tail)); got != want || err != nil {
			t.Errorf("%q at the end: %s, %v, want %s", tail, got, err, want)
		}
	}
	// It is refused later, with the line that it is in.
	if got, _, _, err := detectEncoding([]byte(ascii + "\xe9\x00")); got != encodingUTF8 || err != nil {
		t.Errorf("a NUL at the end: %s, %v", got, err)
	}
}
