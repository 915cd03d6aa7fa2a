//go:build !js

package untidy

// options are parameters of pandas.read_csv or of pandas.read_excel.
type options map[string]any

// textFile is a file of delimited text.
type textFile struct {
	name, text string
	// encoding is that of the bytes; "" is UTF-8.
	encoding string
	// given are the parameters of the upload, as in a query; most files need none.
	given string
	// pandas are the parameters that pandas.read_csv needs for the same table.
	pandas options
	// plain is the same text in a way that pandas can read, if it cannot read this one.
	plain string
}

// portals are files of open-data portals.
var portals = []textFile{
	{name: "a plain export", text: "id,name,population\n1,Aix,142482\n2,Arles,50454\n"},
	{name: "a mark and CRLF", text: "\ufeffid,name\r\n1,Zürich\r\n2,Genève\r\n"},
	{name: "a trailing delimiter on all lines", text: "code;label;value;\nA;alpha;1;\nB;beta;2;\n", pandas: options{"sep": ";"}},
	{name: "a trailing delimiter on lines of data", text: "code,label,value\nA,alpha,1,\nB,beta,2,\n", pandas: options{"index_col": false}},
	{name: "a title line", text: "Road accidents 2024\nyear,month,count\n2024,1,31\n2024,2,28\n", pandas: options{"skiprows": 1}},
	{name: "a title and an empty line", text: "Table 3. Births by region\n\nregion,births\nNorth,1200\nSouth,980\n", pandas: options{"skiprows": 2}},
	{name: "a title with delimiters after it", text: "Population by age,,,\nage,men,women,all\n0-14,10,11,21\n15-64,40,42,82\n", pandas: options{"skiprows": 1}},
	{name: "a title line and semicolons", text: "Extract of 2025-01-06\nid;name;city\n1;A;X\n2;B;Y\n", pandas: options{"sep": ";", "skiprows": 1}},
	{name: "a mark of Excel", text: "sep=;\nid;price\n1;2.5\n2;3\n", pandas: options{"sep": ";", "skiprows": 1}},
	{name: "a mark of Excel and commas", text: "sep=,\r\nid,price\r\n1,2.5\r\n", pandas: options{"skiprows": 1}},
	{name: "decimal commas", text: "ort;wert;anteil\nA;1,5;0,25\nB;2,25;0,75\n", pandas: options{"sep": ";", "decimal": ","}, given: "decimal=comma"},
	{name: "repeated names", text: "region,2023,2024,2023,2024\nN,1,2,3,4\nS,5,6,7,8\n"},
	{name: "repeated empty names", text: "region,,,total\nN,1,2,3\nS,4,5,9\n"},
	{name: "quoted names with line ends", text: "\"region\nname\",\"value\n(kg)\"\nN,1\nS,2\n"},
	{name: "names with blanks", text: " region , value \nN,1\nS,2\n"},
	{name: "blanks after commas", text: "a, b, c\n1, 2, 3\n4, 5, 6\n", pandas: options{"dtype": options{}}},
	{name: "quotes after a blank", text: "a, \"b\"\n1, \"x, y\"\n2, \"z\"\n", pandas: options{"skipinitialspace": true}},
	{name: "coordinates in quotes", text: "stop,position\n1,\"(48.1, 11.5)\"\n2,\"(48.2, 11.6)\"\n"},
	{name: "a column of JSON", text: "id,props\n1,\"{\"\"a\"\": 1, \"\"b\"\": [2, 3]}\"\n2,\"{}\"\n"},
	{name: "pipes", text: "AGENCY|AMOUNT|NOTE\nX|1200|a, b\nY|55|c\n", pandas: options{"sep": "|"}},
	{name: "tabs with commas inside", text: "id\tdesc, long\n1\ta, b\n2\tc, d\n", pandas: options{"sep": "\t"}},
	{name: "one column", text: "postcode\nAB1\nCD2\n"},
	{name: "windows-1252", text: "stadt;einwohner\nMünchen;1488202\nKöln;1073096\n", encoding: "windows-1252", pandas: options{"sep": ";"}},
	{name: "UTF-16 with tabs, as Excel saves Unicode text", text: "\ufeffname\tmenge\r\nÄpfel\t3\r\nBirnen\t4\r\n", encoding: "utf-16le", pandas: options{"sep": "\t", "encoding": "utf-16"}},
	{name: "a geographic table", text: "X,Y,OBJECTID,NAME\n-77.03,38.9,1,Mall\n-77.01,38.8,2,Park\n"},
	{name: "text of several paragraphs", text: "id,description\n1,\"First.\n\nSecond.\"\n2,\"Only.\"\n"},
	{name: "a source below", text: "region,births\nN,1200\nS,980\n\nSource: registry, 2024\n", pandas: options{"skipfooter": 2, "engine": "python"}, given: "skip_footer=2"},
	{name: "a title above and notes below", text: "Births by region\n\nregion;births\nN;1200\nS;980\n\nTotal rows: 2\nNotes:; a; b\n", pandas: options{"sep": ";", "skiprows": 2, "skipfooter": 3, "engine": "python"}, given: "skip_footer=3"},
	{name: "years as names", text: "Country Name,Country Code,1960,1961\nAruba,ABW,,54211\nAfghanistan,AFG,8996973,9169410\n"},
	{name: "the World Bank's lines before the table", text: "\ufeff\"Data Source\",\"World Development Indicators\",\n\n\"Last Updated Date\",\"2024-06-28\",\n\n\"Country Name\",\"Country Code\",\"1960\",\"1961\",\n\"Aruba\",\"ABW\",\"\",\"54211\",\n\"Chad\",\"TCD\",\"3002596\",\"3061423\",\n", pandas: options{"skiprows": 4}},
}

// programs are files of statistics packages, databases and other programs.
var programs = []textFile{
	{name: "pandas with its index", text: ",item,price\n0,apple,1.5\n1,pear,2.25\n"},
	{name: "pandas with an index of two levels", text: ",,n\nx,1,5\nx,2,6\n"},
	{name: "R's write.csv", text: "\"\",\"item\",\"price\"\n\"1\",\"apple\",1.5\n\"2\",\"pear\",NA\n"},
	{name: "R's write.csv2", text: "\"\";\"item\";\"price\"\n\"1\";\"apple\";1,5\n\"2\";\"pear\";2,25\n", pandas: options{"sep": ";", "decimal": ","}, given: "decimal=comma"},
	{name: "R's write.table", text: "\"mpg\" \"cyl\" \"note\"\n\"Mazda RX4\" 21 6 \"a, b\"\n\"Datsun 710\" 22.8 4 NA\n", pandas: options{"sep": " "}},
	{name: "R's write.table of one column", text: "\"x\"\n\"1\" 5\n\"2\" 7\n", pandas: options{"sep": " "}},
	{name: "R's write.table with commas and names of rows", text: "\"mpg\",\"cyl\"\n\"Mazda RX4\",21,6\n\"Datsun 710\",22.8,4\n"},
	{name: "R's write.table with tabs and names of rows, without quotes", text: "mpg\tcyl\nMazda RX4\t21\t6\nDatsun 710\t22.8\t4\n", pandas: options{"sep": "\t"}},
	{name: "R's write.table without names of rows", text: "\"item\" \"n\"\n\"a b\" 1\n\"c\" NA\n", pandas: options{"sep": " "}},
	{name: "R's write.table without quotes", text: "mpg cyl\nRX4 21 6\n710 22.8 4\n", given: "delimiter=space", pandas: options{"sep": " "}},
	{name: "R's write.table with tabs", text: "item\tprice\napple\t1.5\npear\tNA\n", pandas: options{"sep": "\t"}},
	{name: "SAS with a point for missing", text: "id,score\n1,.\n2,3.5\n", pandas: options{"na_values": []string{"."}}, given: "null_values=.&null_values="},
	{name: "Stata labels", text: "id,sex,agegrp\n1,male,18-24\n2,female,25-34\n"},
	{name: "SPSS with blanks for missing", text: "ID;Q1;Q2\n1;3; \n2; ;5\n", pandas: options{"sep": ";", "skipinitialspace": true}},
	{name: "mysqldump with backslashes", text: "id,note\n1,\"say \\\"hi\\\"\"\n2,\"a, b\"\n", pandas: options{"escapechar": "\\", "doublequote": false}, given: "escape=\\"},
	{name: "PostgreSQL's COPY with tabs", text: "id\tnote\n1\tsay \"hi\"\n2\t\"open\n3\tx\n", pandas: options{"sep": "\t", "quoting": 3}, given: "quote=none"},
	{name: "single quotes", text: "id,note\n1,'a, b'\n2,'c'\n", pandas: options{"quotechar": "'"}, given: "quote='"},
	{name: "comments before the table", text: "# made by a program\n# version 2\nid,v\n1,2\n3,4\n", pandas: options{"comment": "#"}, given: "comment=%23"},
	{name: "short rows", text: "a,b,c\n1,2,3\n4,5\n6\n", given: "short_rows=fill"},
	{name: "a log without a header", text: "2024-05-01,GET,200\n2024-05-02,POST,201\n", pandas: options{"header": nil, "names": []string{"column_1", "column_2", "column_3"}}, given: "header=false"},
	{name: "a European log without a header", text: "0;12,1;50,3\n1;10,5;49,9\n", pandas: options{"header": nil, "sep": ";", "decimal": ",", "names": []string{"column_1", "column_2", "column_3"}}, given: "header=false&decimal=comma"},
	{name: "a Spark part without a header and with empty quotes", text: "1,\"\"\n2,\"x\"\n", pandas: options{"header": nil, "names": []string{"column_1", "column_2"}, "keep_default_na": false}, given: "header=false"},
	{name: "a version control log", text: "commit\tauthor\tmessage\nab12\tA\tfix, again\ncd34\tB\tadd \"x\"\n", pandas: options{"sep": "\t", "quoting": 3}},
	{name: "large numbers of an export of a social network", text: "id,user,likes\n1234567890123456789,a,3\n1234567890123456788,b,4\n"},
	{name: "booleans of several programs", text: "a,b\nTrue,TRUE\nFalse,FALSE\n"},
	{name: "scientific numbers", text: "f,p\n1e-10,3.0E+8\n2.5e3,1E0\n"},
}

// instruments are files of laboratory instruments and data loggers.
var instruments = []textFile{
	{name: "a spectrometer", text: "Instrument: S-200\nDate: 2024-03-01\n\nwavelength,absorbance\n400,0.12\n410,0.15\n420,0.19\n", pandas: options{"skiprows": 3}},
	{name: "a data logger with units", text: "time,temp,hum\n10:00:00,21.5,40\n10:10:00,21.7,41\n"},
	{name: "a plate reader with a corner cell", text: ",1,2,3\nA,0.1,0.2,0.3\nB,0.4,0.5,0.6\n"},
	{name: "a trailing tab", text: "t\tU\tI\t\n0\t1.5\t0.1\t\n1\t1.6\t0.2\t\n", pandas: options{"sep": "\t"}},
	{name: "missing readings", text: "t;a;b\n0;1.5;\n1;;2.5\n2;;\n", pandas: options{"sep": ";"}},
	{name: "a header on the third line", text: "run 7\noperator,mk\nt,v\n0,1.5\n1,1.7\n", pandas: options{"skiprows": 2}, given: "header_row=3"},
	{name: "lines to skip", text: "a;b\nx\nt;v\n0;1.5\n", pandas: options{"sep": ";", "skiprows": 2}, given: "skip_rows=2&delimiter=semicolon"},
	{name: "overflow words", text: "t,v\n0,1.5\n1,OVRFLW\n2,1.6\n"},
	{name: "a unit in the name", text: "time [s],\"U [V], peak\",I [µA]\n0,1.2,3\n1,1.3,4\n", encoding: "windows-1252", pandas: options{"encoding": "windows-1252"}},
	{name: "many equal names", text: "t,ch,ch,ch,ch\n0,1,2,3,4\n1,5,6,7,8\n"},
}

// banks are files of banks, shops and accounting.
var banks = []textFile{
	{name: "a statement with lines before it", text: "Kontonummer:;DE12;\nZeitraum:;01.01.2024 - 31.01.2024;\n\nBuchungstag;Betrag;Text\n02.01.2024;-12,50;Miete, Januar\n03.01.2024;1.200,00;Lohn\n", pandas: options{"sep": ";", "skiprows": 3, "decimal": ",", "thousands": ".", "dtype": options{"Buchungstag": "str"}}, given: "decimal=comma&thousands=point"},
	{name: "groups of three with no-break spaces", text: "poste;montant\nloyer;1\u00a0234,50\neau;99,10\n", plain: "poste;montant\nloyer;1234,50\neau;99,10\n", pandas: options{"sep": ";", "decimal": ","}, given: "decimal=comma&thousands=space"},
	{name: "groups of three with narrow spaces", text: "poste;montant\nloyer;1\u202f234,50\neau;99,10\n", plain: "poste;montant\nloyer;1234,50\neau;99,10\n", pandas: options{"sep": ";", "decimal": ","}, given: "decimal=comma&thousands=space"},
	{name: "groups of three in quotes", text: "item,amount\nrent,\"1,234.50\"\nwater,99.10\n", pandas: options{"thousands": ","}, given: "thousands=comma"},
	{name: "everything in quotes", text: "\"Date\",\"Amount\",\"Payee\"\n\"2024-01-02\",\"-12.50\",\"A, B\"\n\"2024-01-03\",\"7.25\",\"C\"\n"},
	{name: "currency signs", text: "item,price\na,€ 1.50\nb,€ 2.25\n"},
	{name: "percent signs", text: "item,share\na,12.5%\nb,3%\n"},
	{name: "account numbers with zeros", text: "account,balance\n000123,5\n000124,6\n", pandas: options{"dtype": options{"account": "str"}}},
	{name: "a trailing semicolon on lines of data", text: "Datum;Betrag\n2024-01-02;5;\n2024-01-03;6;\n", pandas: options{"sep": ";", "index_col": false}},
	{name: "brackets for negative amounts", text: "item,amount\na,(5)\nb,7\n"},
	{name: "a shop's orders", text: "Name,Email,Total,Lineitem name,Lineitem name\n#1001,a@example.org,12.50,Cup,Blue\n#1002,b@example.org,7.00,Pen,Red\n"},
	{name: "blank lines between blocks of data", text: "item,n,note\na,5,x\n\nb,,\n\nc,7,y\n"},
	{name: "names of the first column only", text: "full name,,\nAnn,Smith,X\nBob,Lee,Y\n"},
	{name: "a pivot with a title", text: "Sum of sales,,\nregion,2023,2024\nN,5,6\nS,7,8\n", pandas: options{"skiprows": 1}},
}
