//go:build !js

package untidy

// sheet is a sheet of a workbook, a line for each row and | between cells. A cell is a number, True or
// False, a date such as 2024-01-31, a time such as 10:30:00, a formula such as =A1, or text; ' before it
// says text.
type sheet struct {
	name, rows string
	// merges are merged blocks.
	merges []string
	hidden bool
}

// book is a workbook, of which pandas and edgeframe read one table.
type book struct {
	name   string
	sheets []sheet
	// given are the parameters of the upload, as in a query; most files need none.
	given string
	// pandas are the parameters that pandas.read_excel needs for the same table.
	pandas options
}

func single(rows string, merges ...string) []sheet {
	return []sheet{{name: "Sheet1", rows: rows, merges: merges}}
}

// exports are workbooks that programs write.
var exports = []book{
	{name: "a plain table", sheets: single("id|name|price\n1|apple|1.5\n2|pear|2.25")},
	{name: "pandas with its index", sheets: single("|item|price\n0|apple|1.5\n1|pear|2.25")},
	{name: "an index of two levels", sheets: single("||n\nx|1|5\nx|2|6")},
	{name: "repeated names", sheets: single("region|2023|2024|2023|2024\nN|1|2|3|4\nS|5|6|7|8")},
	{name: "names of years", sheets: single("country|2020|2021\nA|1|2\nB|3|4")},
	{name: "names of dates", sheets: single("item|name\na|x\nb|y")},
	{name: "a column without a name and with cells", sheets: single("a|b|\n1|2|note\n3|4|")},
	{name: "a column without a name in the middle", sheets: single("a||b\n1|x|2\n3|y|4")},
	{name: "empty columns between", sheets: single("a||b\n1||2\n3||4"), pandas: options{"usecols": []int{0, 2}}},
	{name: "empty rows at the end", sheets: single("a|b\n1|2\n3|4\n|\n|")},
	{name: "dates", sheets: single("day|n\n2024-01-31|1\n2024-02-29|2")},
	{name: "times", sheets: single("at|n\n10:30:00|1\n23:59:59|2")},
	{name: "booleans", sheets: single("ok|n\nTrue|1\nFalse|2")},
	{name: "text that looks like numbers", sheets: single("zip|n\n'00123|1\n'04567|2"), pandas: options{"dtype": options{"zip": "str"}}},
	{name: "whole numbers up to 2^53", sheets: single("id|n\n9007199254740991|1\n9007199254740990|2")},
	{name: "negative and small numbers", sheets: single("v|w\n-1.5|1e-7\n2.25|3")},
	{name: "text of several lines", sheets: single("id|text\n1|a\\nb\n2|c")},
	{name: "an order list", sheets: single("order|item|item|total\n1001|cup|blue|12.5\n1002|pen|red|7")},
	{name: "a wide table", sheets: single("a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p|q|r|s|t|u|v|w|x|y|z|aa|ab\n1|2|3|4|5|6|7|8|9|10|11|12|13|14|15|16|17|18|19|20|21|22|23|24|25|26|27|28")},
	{name: "missing cells", sheets: single("a|b\n1|\n|2\n3|4")},
	{name: "blanks around names", sheets: single(" a | b \n1|2")},
}

// reports are workbooks that people make.
var reports = []book{
	{name: "a title row", sheets: single("Sales of 2024\nitem|n|price\napple|3|1.5\npear|4|2.5"), pandas: options{"skiprows": 1}},
	{name: "a merged title row", sheets: single("Sales of 2024\nitem|n|price\napple|3|1.5\npear|4|2.5", "A1:C1"), pandas: options{"skiprows": 1}},
	{name: "a title and an empty row", sheets: single("Births\n\nregion|births|share\nN|1200|0.5\nS|980|0.4"), pandas: options{"skiprows": 2}},
	{name: "a title and a source", sheets: single("Births\nSource: registry\n\nregion|births|share\nN|1200|0.5\nS|980|0.4"), pandas: options{"skiprows": 3}},
	{name: "a header row that is named", sheets: single("x|y\n1|\nitem|n\na|5\nb|6"), given: "header_row=3", pandas: options{"header": 2}},
	{name: "rows to skip", sheets: single("x|y\n1|\nitem|n\na|5\nb|6"), given: "skip_rows=2", pandas: options{"skiprows": 2}},
	{name: "a merged name over two columns of text", sheets: single("Name|Contact|\nAnn|ann@example.org|555-1\nBob|bob@example.org|555-2", "B1:C1"), pandas: options{"names": []string{"Name", "Contact", "Contact.1"}, "header": 0}},
	{name: "groups of columns", sheets: single("region|2023||2024|\n|Q1|Q2|Q1|Q2\nN|1|2|3|4\nS|5|6|7|8", "B1:C1", "D1:E1"), pandas: options{"header": []int{0, 1}}},
	{name: "groups of columns with the other names below", sheets: single("|Sales||Cost|\nregion|2023|2024|2023|2024\nN|1|2|3|4\nS|5|6|7|8", "B1:C1", "D1:E1"), pandas: options{"header": []int{0, 1}}},
	{name: "one group of columns", sheets: single("site|Metals (mg/l)|||pH\n|Cd|Pb|Zn|\nA|0.1|0.2|0.3|7\nB|0.4|0.15|0.6|7.5", "B1:D1"), pandas: options{"header": []int{0, 1}}},
	{name: "groups of columns below a title", sheets: single("Sales report\n\n|2023||2024|\nregion|Q1|Q2|Q1|Q2\nN|1|2|3|4\nS|5|6|7|8", "A1:E1", "B3:C3", "D3:E3"), pandas: options{"header": []int{2, 3}}},
	{name: "a table that does not begin at A1", sheets: single("\n\n||a|b\n||1|2\n||3|4"), pandas: options{"skiprows": 2, "usecols": []int{2, 3}}},
	{name: "a total below", sheets: single("item|n\na|5\nb|6\ntotal|11")},
	{name: "a source below", sheets: single("region|births\nN|1200\nS|980\n\nSource: registry"), given: "skip_footer=2", pandas: options{"skipfooter": 2}},
	{name: "notes beside the table", sheets: single("item|n||note\na|5||first\nb|6||"), pandas: options{"usecols": []int{0, 1, 3}}},
	{name: "mixed cells in a column", sheets: single("item|n\na|5\nb|n/k\nc|7"), pandas: options{"dtype": options{"n": "str"}}},
	{name: "a pivot with a title", sheets: single("Sum of sales\nregion|2023|2024\nN|5|6\nS|7|8"), pandas: options{"skiprows": 1}},
	{name: "a sheet of notes beside the data", sheets: []sheet{
		{name: "Notes", rows: "Read me first\n\nThe data\nstands in sheet Data|see there"},
		{name: "Data", rows: "a|b\n1|2\n3|4"},
	}, given: "sheet_name=Data", pandas: options{"sheet_name": "Data"}},
	{name: "a hidden sheet of lists", sheets: []sheet{
		{name: "Data", rows: "a|b\n1|x\n3|y"},
		{name: "Lists", rows: "kinds\nx\ny\nz\nw", hidden: true},
	}, pandas: options{"sheet_name": "Data"}},
	{name: "an empty sheet before the data", sheets: []sheet{{name: "Sheet1", rows: ""}, {name: "Data", rows: "a|b\n1|2"}}, pandas: options{"sheet_name": "Data"}},
	{name: "sheets of months", sheets: []sheet{{name: "Jan", rows: "item|n\na|1"}, {name: "Feb", rows: "item|n\na|2"}}, given: "sheet_name=Feb", pandas: options{"sheet_name": "Feb"}},
	{name: "a laboratory's samples", sheets: single("sample|Cd [mg/l]|Pb [mg/l]\nS-1|0.02|0.5\nS-2|<0.01|0.7"), pandas: options{"dtype": options{"Cd [mg/l]": "str"}}},
	{name: "a plate with a corner cell", sheets: single("|1|2|3\nA|0.1|0.2|0.3\nB|0.4|0.5|0.6")},
	{name: "a time sheet", sheets: single("day|from|to|hours\n2024-01-02|08:00:00|16:30:00|8.5\n2024-01-03|09:00:00|12:00:00|3")},
	{name: "a survey with long questions", sheets: single("id|How satisfied are you with the service, on a scale from 1 to 5?|Comments\n1|4|good\n2|2|slow, sorry")},
	{name: "a price list with currency in text", sheets: single("item|price\na|€ 1.50\nb|€ 2.25")},
	{name: "addresses", sheets: single("name|street|zip|city\nA|Main St. 1|'01067|Dresden\nB|High St. 2|'80331|München"), pandas: options{"dtype": options{"zip": "str"}}},
	{name: "a formula with its value lost", sheets: single("a|b|sum\n1|2|=A2+B2\n3|4|=A3+B3")},
	{name: "one cell of a header alone", sheets: single("postcode\nAB1\nCD2")},
	{name: "error cells", sheets: single("a|b\n1|#DIV/0!\n2|3")},
}
