/** Where communities may be, roughly: seats of provinces and large cities, WGS-84 rounded to a hundredth of a degree (about 1 km). */
export interface Place {
  readonly latitude: number;
  readonly longitude: number;
}
export interface City extends Place {
  readonly zh: string;
  readonly en: string;
}

const city = (zh: string, en: string, latitude: number, longitude: number): City => ({ zh, en, latitude, longitude });

export const CITIES: readonly City[] = [
  city("北京", "Beijing", 39.9, 116.4),
  city("长春", "Changchun", 43.88, 125.32),
  city("长沙", "Changsha", 28.23, 112.94),
  city("成都", "Chengdu", 30.66, 104.07),
  city("重庆", "Chongqing", 29.56, 106.55),
  city("大连", "Dalian", 38.91, 121.61),
  city("福州", "Fuzhou", 26.07, 119.3),
  city("广州", "Guangzhou", 23.13, 113.26),
  city("贵阳", "Guiyang", 26.65, 106.63),
  city("海口", "Haikou", 20.04, 110.2),
  city("杭州", "Hangzhou", 30.27, 120.15),
  city("哈尔滨", "Harbin", 45.8, 126.53),
  city("合肥", "Hefei", 31.82, 117.23),
  city("呼和浩特", "Hohhot", 40.84, 111.75),
  city("香港", "Hong Kong", 22.28, 114.16),
  city("济南", "Jinan", 36.65, 117.12),
  city("昆明", "Kunming", 25.04, 102.72),
  city("兰州", "Lanzhou", 36.06, 103.83),
  city("拉萨", "Lhasa", 29.65, 91.12),
  city("澳门", "Macau", 22.2, 113.54),
  city("南昌", "Nanchang", 28.68, 115.86),
  city("南京", "Nanjing", 32.06, 118.8),
  city("南宁", "Nanning", 22.82, 108.37),
  city("宁波", "Ningbo", 29.87, 121.54),
  city("青岛", "Qingdao", 36.07, 120.38),
  city("上海", "Shanghai", 31.23, 121.47),
  city("沈阳", "Shenyang", 41.8, 123.43),
  city("深圳", "Shenzhen", 22.54, 114.06),
  city("石家庄", "Shijiazhuang", 38.04, 114.51),
  city("苏州", "Suzhou", 31.3, 120.59),
  city("台北", "Taipei", 25.04, 121.56),
  city("太原", "Taiyuan", 37.87, 112.55),
  city("天津", "Tianjin", 39.13, 117.2),
  city("乌鲁木齐", "Urumqi", 43.83, 87.62),
  city("武汉", "Wuhan", 30.59, 114.31),
  city("西安", "Xi'an", 34.34, 108.94),
  city("西宁", "Xining", 36.62, 101.78),
  city("厦门", "Xiamen", 24.48, 118.09),
  city("银川", "Yinchuan", 38.49, 106.23),
  city("郑州", "Zhengzhou", 34.75, 113.63),
];
