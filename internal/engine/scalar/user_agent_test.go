package scalar

import "testing"

func TestUserAgent(t *testing.T) {
	browser := func(family, major, minor, patch string) string {
		return `{"Browser":{"Family":"` + family + `","MajorVersion":"` + major + `","MinorVersion":"` + minor + `","Patch":"` + patch + `"}}`
	}
	system := func(family, major, minor, patch string) string {
		return `{"OperatingSystem":{"Family":"` + family + `","MajorVersion":"` + major + `","MinorVersion":"` + minor + `","Patch":"` + patch + `","PatchMinor":""}}`
	}
	device := func(family, brand, model string) string {
		return `{"Device":{"Family":"` + family + `","Brand":"` + brand + `","Model":"` + model + `"}}`
	}
	edge := "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36 Edg/124.0.2478.67"
	galaxy := "Mozilla/5.0 (Linux; Android 13; SM-A536B Build/TP1A) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36"
	reduced := "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Mobile Safari/537.36"
	iphone := "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4.1 Mobile/15E148 Safari/604.1"
	mac := "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15"
	ie := "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko"
	nokia := "Mozilla/5.0 (SymbianOS/9.4; Series60/5.0 NokiaN97-1/12.0 Profile/MIDP-2.1) AppleWebKit/525 (KHTML, like Gecko) Safari/525"
	pixel := "Mozilla/5.0 (Linux; Android 14; Pixel 8 Pro) AppleWebKit/537.36 Chrome/124.0.6367.82 Mobile Safari/537.36"
	fn := "go_parse_user_agent"
	check(t, []call{
		{fn, []any{edge, `"browser"`}, browser("Edge", "124", "0", "2478")}, {fn, []any{edge, `["os"]`}, system("Windows", "10", "", "")}, {fn, []any{edge, `"device"`}, device("Other", "", "")},
		{fn, []any{galaxy, `"browser"`}, browser("Samsung Internet", "23", "0", "")}, {fn, []any{galaxy, `"os"`}, system("Android", "13", "", "")}, {fn, []any{galaxy, `"device"`}, device("Samsung SM-A536B", "Samsung", "SM-A536B")},
		{fn, []any{reduced, `"browser"`}, browser("Chrome Mobile", "124", "0", "0")}, {fn, []any{reduced, `"device"`}, device("K", "Generic_Android", "K")}, {fn, []any{pixel, `"device"`}, device("Pixel 8 Pro", "Google", "Pixel 8 Pro")},
		{fn, []any{iphone, `"browser"`}, browser("Mobile Safari", "17", "4", "1")}, {fn, []any{iphone, `"os"`}, system("iOS", "17", "4", "1")}, {fn, []any{iphone, `"device"`}, device("iPhone", "Apple", "iPhone")},
		{fn, []any{mac, `"browser"`}, browser("Safari", "17", "4", "")}, {fn, []any{mac, `"os"`}, system("Mac OS X", "10", "15", "7")}, {fn, []any{mac, `"device"`}, device("Mac", "Apple", "Mac")},
		{fn, []any{ie, `"browser"`}, browser("IE", "11", "0", "")}, {fn, []any{ie, `"os"`}, system("Windows", "7", "", "")},
		{fn, []any{nokia, `"browser"`}, browser("Nokia OSS Browser", "5", "0", "")}, {fn, []any{nokia, `"os"`}, system("Symbian OS", "9", "4", "")}, {fn, []any{nokia, `"device"`}, device("Nokia N97", "Nokia", "N97-1")},
		{fn, []any{"python-requests/2.31.0", `"browser"`}, browser("Python Requests", "2", "31", "0")}, {fn, []any{"curl/8.4.0", `"browser"`}, browser("curl", "8", "4", "0")},
		{fn, []any{"azurehound/v2.1.8", `"browser"`}, browser("AzureHound", "2", "1", "8")}, {fn, []any{"azsdk-net-Identity/1.10.4 (.NET 6.0)", `"browser"`}, browser("Azure SDK", "1", "10", "4")},
		{fn, []any{"Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", `"device"`}, device("Spider", "Spider", "Desktop")},
		{fn, []any{"", `"browser"`}, browser("Other", "", "", "")}, {fn, []any{"x", `"printer"`}, nil}, {fn, []any{"x", "[]"}, nil}, {fn, []any{"x", "[1]"}, nil},
		{fn, []any{"x", `["device","browser","os"]`}, `{"Browser":{"Family":"Other","MajorVersion":"","MinorVersion":"","Patch":""},"OperatingSystem":{"Family":"Other","MajorVersion":"","MinorVersion":"","Patch":"","PatchMinor":""},"Device":{"Family":"Other","Brand":"","Model":""}}`},
	})
}
